"""Before the decision: the reviewer's own view, and a question to the business."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from governance.checkpoints.models import Case
from governance.checkpoints.queries import checkpoint_of
from governance.checkpoints.rules import personal
from governance.checkpoints.services.checks import (
    asking,
    check_able,
    check_is_looking,
    check_waiting,
    locked,
)
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.usecases import queries as usecases


def give_view(*, actor: User, case_id: uuid.UUID, view: str) -> Case:
    """What the reviewer would decide without the model; from now on they see what it says.

    It is given once for each time that the case is taken up, and what is decided may differ from
    it: how often people then follow the machine against their own view is what it shows.
    """
    _check_text(view, "view")
    with ledger.act(actor) as act:
        row = locked(case_id)
        check_waiting(row)
        check_able(actor, row, checkpoint_of(row))
        check_is_looking(actor, row)
        if not row.hides_advice:
            raise Conflict("nothing_hidden", _("Nothing is hidden in this case."))
        if row.own_view:
            raise Conflict("view_given", _("You have said so already."))
        given = {"own_view": view.strip(), "own_view_at": clock.now()}
        return act.update(row, "case.own_view", given)


def ask(*, actor: User, case_id: uuid.UUID, question: str) -> Case:
    """The reviewer asks the owner and the business system; the case's limit goes on running."""
    _check_text(question, "question")
    with ledger.act(actor) as act:
        row = locked(case_id)
        check_waiting(row)
        check_able(actor, row, checkpoint_of(row))
        check_is_looking(actor, row)
        if row.question and not row.reply:
            raise Conflict("asked_already", _("The last question has not been answered yet."))
        use, moment = row.release.model_use, clock.now()
        notices.tell(
            user_ids={use.model.owner_id, use.use_case.owner_id},
            kind="case.asked",
            text_zh=f"案件 {row.code} 的复核人员有疑问，请在时限前答复。",
            text_en=f"The reviewer of case {row.code} asks something; answer before its limit.",
            once_key=f"{asking(row)}:{moment.isoformat()}",
            link=f"/cases/{row.pk}/",
            is_task=True,
        )
        asked = {
            "question": question.strip(), "asked_by": actor, "asked_at": moment,
            "reply": "", "replied_by": None, "replied_at": None,
        }  # fmt: skip
        return act.update(row, "case.asked", asked)


def reply(*, actor: User, case_id: uuid.UUID, text: str) -> Case:
    """The model's owner, the use's owner or the gateway's system answers the question."""
    _check_text(text, "text")
    with ledger.act(actor) as act:
        row = locked(case_id)
        if not may_reply(actor, row):
            raise Forbidden(
                "not_yours_to_answer",
                _("The owners of the model and its use answer, or the gateway's own system."),
            )
        check_waiting(row)
        if not row.question or row.reply:
            raise Conflict("nothing_asked", _("No question waits for an answer."))
        notices.settle(once_key=asking(row), and_below=True)
        if row.asked_by_id is not None:
            notices.tell(
                user_ids=[row.asked_by_id],
                kind="case.replied",
                text_zh=f"案件 {row.code} 的疑问已答复。",
                text_en=f"Your question in case {row.code} has been answered.",
                once_key=f"case:{row.pk}:reply:{row.row_version}",
                link=f"/cases/{row.pk}/",
            )
        answered = {"reply": text.strip(), "replied_by": actor, "replied_at": clock.now()}
        return act.update(row, "case.replied", answered)


def may_reply(user: User, row: Case) -> bool:
    """Whether the person, or the machine, answers for the business."""
    if row.gateway_id == user.pk:
        return people.standing(user).may(Capability.POST_DECISIONS)
    return usecases.has_owned(user, row.release.model_use)


def _check_text(told: str, field: str) -> None:
    if len(told.strip()) < 2:
        raise DomainError("words_missing", _("Say it in a few words."), field=field)
    if personal.kind_of(told):
        raise DomainError(
            "personal_data",
            _("This looks like personal data; send a reference or a digest instead."),
            field=field,
        )
