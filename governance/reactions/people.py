"""What people are told about accounts and delegations, and of personal data in decisions."""

from __future__ import annotations

import uuid

from governance.checkpoints.models import Plan
from registry.core.dispatch.services import Event
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Role


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


def tell_of_personal_data(event: Event) -> None:
    """A gateway has sent what looks like personal data: data security and the owner are told."""
    plan = Plan.objects.select_related("release__model_use__model").get(pk=event.subject_id)
    use = plan.release.model_use
    told = set(people.holders_of(Role.DATA_SECURITY, use.entity.path).values_list("pk", flat=True))
    places = ", ".join(event.body["facts"]["places"])
    notices.tell(
        user_ids=[*told, use.model.owner_id],
        kind=event.kind,
        text_zh=f"{plan.release.code} 的网关报送了疑似个人信息（{places}）；未予保存，请核查网关。",
        text_en=f"The gateway of {plan.release.code} sent what looks like personal data ({places});"
        " it was not kept. Check the gateway.",
        link=f"/plans/{plan.pk}/",
        once_key=f"personal-data:{event.seq}",
        stays_inside=use.model.is_confidential,
    )
