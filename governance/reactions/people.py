"""What people are told about their own accounts and delegations."""

from __future__ import annotations

import uuid

from registry.core.dispatch.services import Event
from registry.core.notices import services as notices
from registry.core.people.models import User


def tell_of_reset_password(event: Event) -> None:
    """Whose password somebody else has set is told so: it may not have been asked for."""
    actor = User.objects.get(pk=event.actor)
    notices.tell(
        user_ids=[event.subject_id],
        kind=event.kind,
        text_zh=f"{actor.name} 重置了您的密码。如非您本人要求，请立即联系内部审计。",
        text_en=f"{actor.name} has reset your password. If you did not ask for it, tell audit.",
        link=f"/people/{event.subject_id}/",
        once_key=f"password:{event.seq}",
    )


def tell_deputy(event: Event) -> None:
    """Whoever shall stand in is asked to accept: a delegation holds only then."""
    state = event.body["state"]
    principal = User.objects.get(pk=state["principal_id"])
    notices.tell(
        user_ids=[uuid.UUID(state["delegate_id"])],
        kind=event.kind,
        text_zh=f"{principal.name} 请您在 {state['valid_from']} 至 {state['valid_to']} 代为表决，"
        "接受后生效。",
        text_en=f"{principal.name} asks you to stand in from {state['valid_from']} to "
        f"{state['valid_to']}; it holds once you accept.",
        link=f"/people/{state['delegate_id']}/",
        once_key=f"delegation:{event.subject_id}",
        is_task=True,
    )


def settle_deputy(event: Event) -> None:
    """A delegation that was accepted or taken back asks nobody any more."""
    notices.settle(once_key=f"delegation:{event.subject_id}")
