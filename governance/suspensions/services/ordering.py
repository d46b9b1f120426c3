"""Stop and restrict at once, by one person."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection
from django.db.models import Value
from django.utils.translation import gettext as _

from governance.suspensions import queries
from governance.suspensions.models import Order, OrderKind, TargetType
from governance.suspensions.queries import Target, consuming
from governance.suspensions.queries.holding import LOCK
from governance.suspensions.queries.targets import not_found, plain
from governance.suspensions.services import posting
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.rules import Capability


def order(
    *,
    actor: User,
    kind: str,
    target_type: str,
    target_id: uuid.UUID | None = None,
    target_key: str = "",
    reason: str,
    limits: str = "",
    given_by: str = "",
    is_drill: bool = False,
    noticed_at: dt.datetime | None = None,
) -> Order:
    """The order is in force. It needs no approval, waits for no other work, and is seen at once.

    It locks nothing of its target. It waits for the decisions that are being taken in at this
    moment, and none that begins after it has returned misses it. It keeps the limits of this day.
    noticed_at: when the event behind it was noticed, if that is known.
    """
    target = Target(target_type, target_id, target_key.strip())
    _check(kind, target, reason)
    _check_noticed(noticed_at)
    needed = Capability.STOP if kind == OrderKind.STOP else Capability.RESTRICT
    queries.check_reach(actor, needed, target)
    row = Order(
        kind=kind, target_type=target.type, target_id=target.id, target_key=target.name,
        reason=reason, limits=limits, given_by=given_by, is_drill=is_drill, noticed_at=noticed_at,
        ordered_by=actor, **consuming.kept_limits(target, kind),
    )  # fmt: skip
    return _give(actor, row)


def _give(actor: User, row: Order) -> Order:
    """The order is in force, unless it stops what is stopped."""
    target = Target.of(row)
    with ledger.act(actor) as act:
        _shut_out_decisions()
        if row.kind == OrderKind.STOP and _standing_stop(target, is_drill=row.is_drill):
            raise Conflict("stopped_already", _("This is stopped already."), field=target.field)
        row.ordered_at = clock.now()
        posting.wake()
        return act.create(row, f"order.{row.kind}", target=target.id or target.name)


def _shut_out_decisions() -> None:
    """Nobody is taking in a decision, nor begins to until this transaction has ended.

    First of all locks: a decision that holds still waits for rows and for the ledger, never for
    what this transaction holds. A transaction that holds still itself does not wait, since two of
    them would wait for each other for ever: RuntimeError, unless it is the only one (the demo).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
            " AND objsubid = 1 AND mode = 'ShareLock' AND pid = pg_backend_pid()",
            [LOCK],
        )
        (held,) = cursor.fetchone()
        if not held:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            return
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        (alone,) = cursor.fetchone()
    if not alone:
        raise RuntimeError("Order after the transaction that holds still, not inside it.")


def _check(kind: str, target: Target, reason: str) -> None:
    if kind not in OrderKind.values:
        raise DomainError("unknown_order", _("Unknown order."), field="kind", status=400)
    if target.type not in TargetType.values:
        raise DomainError("unknown_target", _("Unknown target."), field="target_type", status=400)
    if target.is_named == bool(target.id) or (target.name and not target.is_named):
        told = _("A vendor or a base model is meant by its name, everything else by its key.")
        raise DomainError("target_unclear", told, field=target.field, status=400)
    if len(reason.strip()) < 2:
        raise DomainError("reason_needed", _("Say why, in a few words."), field="reason")
    if not queries.exists(target):
        raise not_found(target)


def _check_noticed(noticed_at: dt.datetime | None) -> None:
    if noticed_at is not None and noticed_at > clock.now():
        told = _("It was noticed before now, not in the future.")
        raise DomainError("noticed_in_the_future", told, field="noticed_at")


def _standing_stop(target: Target, *, is_drill: bool) -> bool:
    """Whether an order stops the very same thing; a drill stands in the way of drills alone."""
    stops = Order.objects.filter(kind=OrderKind.STOP, state="in_force", target_type=target.type)
    if not is_drill:
        stops = stops.filter(is_drill=False)
    if not target.is_named:
        return stops.filter(target_id=target.id).exists()
    same = plain(Value(target.name))
    return stops.alias(compared=plain("target_key")).filter(compared=same).exists()
