"""Stop and restrict at once, by one person; resume by others."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from governance.suspensions import queries
from governance.suspensions.models import Order, OrderKind
from registry.core import clock
from registry.core.errors import Conflict, DomainError, NotFound, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.rules import Capability


def order(
    *,
    actor: User,
    kind: str,
    target_type: str,
    target_id: uuid.UUID,
    reason: str,
    limits: str = "",
    given_by: str = "",
) -> Order:
    """The order is in force. It needs no approval, waits for nothing, and is seen at once.

    A stop or restriction locks nothing of its target: no other work can hold it up.
    """
    if kind not in OrderKind.values:
        raise DomainError("unknown_order", _("Unknown order."), field="kind", status=400)
    if target_type not in queries.TARGETS:
        raise DomainError("unknown_target", _("Unknown target."), field="target_type", status=400)
    if len(reason.strip()) < 2:
        raise DomainError("reason_needed", _("Say why, in a few words."), field="reason")
    if not queries.TARGETS[target_type].filter(pk=target_id).exists():
        raise NotFound("not_found", _("There is nothing with this key."), field="target_id")
    needed = Capability.STOP if kind == OrderKind.STOP else Capability.RESTRICT
    queries.check_reach(actor, needed, target_type, target_id)
    with ledger.act(actor) as act:
        queries.stand_still()
        standing_stop = Order.objects.filter(kind=OrderKind.STOP, target_id=target_id)
        if kind == OrderKind.STOP and standing_stop.filter(state="in_force").exists():
            raise Conflict("stopped_already", _("This is stopped already."), field="target_id")
        row = Order(
            kind=kind,
            target_type=target_type,
            target_id=target_id,
            reason=reason,
            limits=limits,
            given_by=given_by,
            ordered_by=actor,
            ordered_at=clock.now(),
        )
        return act.create(row, f"order.{kind}", target=target_id)


def resume(*, actor: User, order_id: uuid.UUID, reason: str) -> Order:
    """恢复启用: others than the giver lift the order. A stop is lifted by the second who says so.

    The first officer asks for it with root cause and test, and the stop stays in force; the second
    confirms, and it is lifted. Raises SegregationRefused (`own_order`) where the giver takes part,
    Conflict (`second_officer`) where the first officer would be the second too.
    """
    if len(reason.strip()) < 6:
        raise DomainError(
            "reason_needed", _("State the root cause and the test that was done."), field="reason"
        )
    with ledger.act(actor) as act:
        row = ledger.lock(Order.objects.all(), order_id)
        if row.state != "in_force":
            raise Conflict("already_lifted", _("This order has been lifted already."))
        if row.ordered_by_id == actor.pk or actor.is_superuser:
            raise SegregationRefused(
                "own_order", _("Whoever gave the order does not take part in lifting it.")
            )
        queries.check_reach(actor, Capability.RESUME, row.target_type, row.target_id)
        if queries.is_own(actor, row.target_type, row.target_id):
            raise SegregationRefused(
                "own_model", _("Whoever owns or built the model takes no part in resuming it.")
            )
        if row.kind == OrderKind.STOP and row.resume_asked_by_id is None:
            asked = {"resume_asked_by": actor, "lift_reason": reason}
            return act.update(row, "order.resuming_asked", asked)
        return _lift(act, row, actor, reason)


def _lift(act: ledger.Act, row: Order, actor: User, reason: str) -> Order:
    """The order is lifted; of a stop this is the second officer's word."""
    second = None
    if row.kind == OrderKind.STOP:
        if row.resume_asked_by_id == actor.pk:
            raise Conflict(
                "second_officer",
                _("You have asked for this; a second officer who may resume confirms it."),
            )
        second, reason = actor, f"{row.lift_reason}\n{reason}"
    changes = {
        "state": "lifted",
        "lifted_by": row.resume_asked_by or actor,
        "confirmed_by": second,
        "lifted_at": clock.now(),
        "lift_reason": reason,
    }
    return act.update(row, "order.lifted", changes)
