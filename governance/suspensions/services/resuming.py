"""恢复启用: others than the giver lift an order."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from governance.suspensions import queries
from governance.suspensions.models import Order, OrderKind
from governance.suspensions.queries import Target
from governance.suspensions.services import posting
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.models import ROLE_LABELS, User
from registry.core.people.rules import Capability, Role


def resume(*, actor: User, order_id: uuid.UUID, reason: str, is_false_alarm: bool = False) -> Order:
    """恢复启用: others than the giver lift the order. A stop is lifted by the second who says so.

    The first officer asks for it with root cause and test, and the stop stays in force; the second
    confirms, and it is lifted. is_false_alarm: one of the two says that the stop was in error; then
    it is ratified afterwards. Raises SegregationRefused (`own_order`) where the giver takes part,
    Conflict (`second_officer`) where the first officer would be the second too, Forbidden
    (`tier_approver_needed`) where the second is none of the tier's approvers.
    """
    if len(reason.strip()) < 6:
        raise DomainError(
            "reason_needed", _("State the root cause and the test that was done."), field="reason"
        )
    with ledger.act(actor) as act:
        row = ledger.lock(Order.objects.all(), order_id)
        if row.state != "in_force":
            raise Conflict("already_lifted", _("This order has been lifted already."))
        if _gave(actor, row) or actor.is_superuser:
            raise SegregationRefused(
                "own_order", _("Whoever gave the order does not take part in lifting it.")
            )
        if is_false_alarm and row.kind != OrderKind.STOP:
            told = _("Only a stop is lifted as a false alarm.")
            raise DomainError("no_stop", told, field="is_false_alarm")
        target = Target.of(row)
        queries.check_reach(actor, Capability.RESUME, target)
        if queries.is_own(actor, target):
            raise SegregationRefused(
                "own_model", _("Whoever owns or built the model takes no part in resuming it.")
            )
        if row.kind == OrderKind.STOP and row.resume_asked_by_id is None:
            asked = {
                "resume_asked_by": actor,
                "lift_reason": reason,
                "is_false_alarm": is_false_alarm,
            }
            return act.update(row, "order.resuming_asked", asked)
        return _lift(act, row, actor, reason, is_false_alarm=is_false_alarm)


def ratify(*, actor: User, order_id: uuid.UUID, resolution: str) -> Order:
    """追认: the body's resolution of this number stands behind the lifting after a false alarm.

    Raises SegregationRefused (`own_word`) for the two officers who lifted it.
    """
    if len(resolution.strip()) < 2:
        told = _("Give the number of the resolution.")
        raise DomainError("resolution_missing", told, field="resolution")
    with ledger.act(actor) as act:
        row = ledger.lock(Order.objects.all(), order_id)
        if row.state != "lifted" or not row.is_false_alarm:
            told = _("Only the lifting of a false alarm is ratified.")
            raise Conflict("nothing_to_ratify", told)
        if row.ratified_at is not None:
            raise Conflict("ratified_already", _("This has been ratified already."))
        queries.check_reach(actor, Capability.RATIFY, Target.of(row))
        if actor.is_superuser or actor.pk in (row.lifted_by_id, row.confirmed_by_id):
            told = _("Whoever lifted the order does not ratify it.")
            raise SegregationRefused("own_word", told)
        notices.settle(once_key=_ratifying(row))
        changes = {
            "ratified_at": clock.now(),
            "ratified_by": actor,
            "ratified_under": resolution.strip(),
        }
        return act.update(row, "order.ratified", changes)


def _gave(actor: User, row: Order) -> bool:
    """Whether it was the actor's order, given by themselves or over the telephone."""
    names = {actor.name.casefold(), actor.username.casefold()}
    return row.ordered_by_id == actor.pk or row.given_by.strip().casefold() in names


def _ratifying(row: Order) -> str:
    return f"order:{row.pk}:ratify"


def _tell_secretaries(row: Order) -> None:
    """They have the task to bring it before their body."""
    path = queries.entity_of(Target.of(row)).path
    notices.tell(
        user_ids=people.holders().of(Role.SECRETARY, path),
        kind="order.to_ratify",
        text_zh="误停恢复待追认：请提交最近一次会议，并登记决议编号。",
        text_en="A stop was lifted as a false alarm: have it ratified at the next meeting.",
        once_key=_ratifying(row),
        link=f"/orders/{row.pk}/",
        is_task=True,
    )


def _lift(act: ledger.Act, row: Order, actor: User, reason: str, *, is_false_alarm: bool) -> Order:
    """The order is lifted; of a stop this is the second officer's word."""
    second = None
    if row.kind == OrderKind.STOP:
        if row.resume_asked_by_id == actor.pk:
            raise Conflict(
                "second_officer",
                _("You have asked for this; a second officer who may resume confirms it."),
            )
        if not (row.is_false_alarm or is_false_alarm):
            _check_last_word(actor, row)
        second, reason = actor, f"{row.lift_reason}\n{reason}"
    changes = {
        "state": "lifted",
        "lifted_by": row.resume_asked_by or actor,
        "confirmed_by": second,
        "lifted_at": clock.now(),
        "lift_reason": reason,
        "is_false_alarm": row.is_false_alarm or is_false_alarm,
    }
    act.update(row, "order.lifted", changes)
    if row.is_false_alarm:
        _tell_secretaries(row)
    posting.wake()
    return row


def _check_last_word(actor: User, row: Order) -> None:
    """HG-10: after an ordinary stop the second officer is one of those who approve the tier."""
    tier, roles = queries.last_word(row)
    path = queries.entity_of(Target.of(row)).path
    if not roles or people.standing(actor).has_at(path, *roles):
        return
    names = _(", ").join(str(ROLE_LABELS[role]) for role in roles)
    raise Forbidden(
        "tier_approver_needed",
        _("A stop at tier %(tier)s is lifted last by: %(names)s.") % {"tier": tier, "names": names},
        hint=_("Have one of them confirm. A stop in error is lifted as a false alarm, ratified."),
    )
