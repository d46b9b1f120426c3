"""恢复启用: others than the giver lift an order."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from governance.suspensions import queries
from governance.suspensions.models import Order, OrderKind
from governance.suspensions.queries import Target
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.rules import Capability


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
        target = Target.of(row)
        queries.check_reach(actor, Capability.RESUME, target)
        if queries.is_own(actor, target):
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
