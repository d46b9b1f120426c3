"""What has ended permits before their time. The facts count at once, before anybody records it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from governance.permits.models import Permit, RevocationReason
from governance.permits.rules.deciding import ORDER, RETIRED
from governance.suspensions import queries as suspensions
from governance.suspensions.models import Order, OrderKind, TargetType
from governance.suspensions.queries import Target
from governance.suspensions.queries.targets import reached
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.core.people.models import SYSTEM_ID, LegalEntity


@dataclass(frozen=True)
class Cause:
    """Why the permit holds no more. at: since when, where that is known."""

    because: RevocationReason
    at: dt.datetime | None
    told: str


def is_live(row: Permit) -> bool:
    """Whether it is neither revoked on record nor at its end."""
    return row.revoked_at is None and row.expires_at > clock.now()


def state_of(row: Permit, cause: Cause | None) -> str:
    """live, revoked (on record or by the facts) or expired."""
    if row.revoked_at is not None or (cause is not None and row.expires_at > clock.now()):
        return "revoked"
    return "live" if row.expires_at > clock.now() else "expired"


def cause_of(row: Permit) -> Cause | None:
    """What has ended the permit, where it is neither revoked on record nor at its end."""
    return causes([row]).get(row.pk) if is_live(row) else None


def causes(rows: Sequence[Permit]) -> dict[uuid.UUID, Cause]:
    """Of permits that nobody has revoked, those that the facts have ended, and why.

    An order that was given after the permit has ended it, also where it has been lifted since; so
    has a release that has gone back, or out of its approval, also where it is there again. The rows
    come with release and `model_use__entity`. A few statements, and one for each order that has
    been lifted while one of the permits held.
    """
    found = _of_ledger(rows)
    found |= {
        row.pk: cause
        for row in rows
        if row.pk not in found and (cause := _of_release(row)) is not None
    }
    permits = [row for row in rows if row.pk not in found]
    if not permits:
        return found
    for row, orders in _orders_for(permits):
        ending = [one for one in orders if _ends(one, row)]
        if ending:  # stops before restrictions, of each the first
            first = min(ending, key=lambda one: (one.kind != OrderKind.STOP, one.ordered_at))
            found[row.pk] = _of_order(first, row)
    return found


def _of_release(row: Permit) -> Cause | None:
    """Where its release has gone: back, into retirement, or out of its approval."""
    release = row.release
    if release is None:
        return None
    fell = row.least_stage and _is_below(release.stage, row.least_stage)
    if fell or release.stage == RETIRED:
        return Cause(RevocationReason.STAGE_LEFT, release.stage_since, release.stage)
    if row.material_digest and release.approved_digest != row.material_digest:
        return Cause(RevocationReason.APPROVAL_ENDED, None, release.code)
    return None


def _of_ledger(rows: Sequence[Permit]) -> dict[uuid.UUID, Cause]:
    """Where the releases have gone since the permits were issued: two statements."""
    bound = {row.pk: row for row in rows if row.least_stage or row.material_digest}
    if not bound:
        return {}
    issued = dict(
        Entry.objects.filter(subject_id__in=bound, kind="permit.issued").values_list(
            "subject_id", "seq"
        )
    )
    if not issued:
        return {}
    went = Entry.objects.filter(
        subject_id__in={row.release_id for row in bound.values()}, kind__in=_LEAVING,
        seq__gt=min(issued.values()),
    )  # fmt: skip
    ways: dict[uuid.UUID, list[Entry]] = {}
    for entry in went.order_by("seq"):
        ways.setdefault(entry.subject_id, []).append(entry)
    return {
        row.pk: cause
        for row in bound.values()
        for entry in ways.get(row.release_id or row.pk, ())[::-1]
        if entry.seq > issued.get(row.pk, entry.seq) and (cause := _left(entry, row)) is not None
    }


def _left(entry: Entry, row: Permit) -> Cause | None:
    """Whether the entry ends the permit."""
    if entry.kind == "release.approval_ended":
        code = row.release.code if row.release else ""
        ended = Cause(RevocationReason.APPROVAL_ENDED, entry.effective_at, code)
        return ended if row.material_digest else None
    stage = json.loads(entry.body)["state"]["stage"]
    if not row.least_stage or not _is_below(stage, row.least_stage):
        return None
    return Cause(RevocationReason.STAGE_LEFT, entry.effective_at, stage)


def _is_below(stage: str, least: str) -> bool:
    return stage == RETIRED or ORDER.index(stage) < ORDER.index(least)


def _of_order(order: Order, row: Permit) -> Cause:
    because = (
        RevocationReason.STOPPED if order.kind == OrderKind.STOP else RevocationReason.RESTRICTED
    )
    return Cause(because, max(order.ordered_at, row.issued_at), order.reason)


def _ends(order: Order, row: Permit) -> bool:
    """Whether the order, which reaches the permit, ends it: given beside it, not lifted before."""
    restricts = row.restriction_revokes and not is_mended(order, row.mends)
    counts = order.kind == OrderKind.STOP or restricts
    return counts and (order.lifted_at is None or order.lifted_at > row.issued_at)


def _orders_for(permits: list[Permit]) -> list[tuple[Permit, list[Order]]]:
    """Each permit with the orders that reach it, in force or lifted since it was issued."""
    keys = {row.release_id for row in permits if row.release_id is not None}
    found = suspensions.orders_for(keys) if keys else {}
    oldest = min(row.issued_at for row in permits)
    for order in Order.objects.filter(lifted_at__gt=oldest) if keys else ():
        here = reached(Target.of(order)).filter(pk__in=keys).order_by()
        for key in here.values_list("pk", flat=True):
            found[key].append(order)
    wide: list[Order] = []
    if any(row.release_id is None for row in permits):
        of_stops = Order.objects.filter(kind=OrderKind.STOP, target_type__in=_WIDE)
        wide = list(of_stops.filter(Q(lifted_at=None) | Q(lifted_at__gt=oldest)))
    return [
        (row, found[row.release_id] if row.release_id else [o for o in wide if _whole_use(o, row)])
        for row in permits
    ]


def is_mended(order: Order, mends: Sequence[str]) -> bool:
    """Whether it is a restriction by itself, by a blocking rule that the deployment sets right."""
    rule, _colon, _more = order.reason.partition(":")
    by_itself = order.kind == OrderKind.RESTRICT and order.ordered_by_id == SYSTEM_ID
    return by_itself and rule in mends


_LEAVING = ("release.moved", "release.approval_ended")

# Orders about a whole use or more; a narrower one ends no break-glass permit: a mended version may
# be what glass is broken for.
_WIDE = (TargetType.MODEL_USE, TargetType.MODEL, TargetType.ENTITY)


def _whole_use(order: Order, row: Permit) -> bool:
    """Whether the order is about the whole use for which glass may be broken, or more than it."""
    if order.target_type == TargetType.ENTITY:
        path = LegalEntity.objects.values_list("path", flat=True).get(pk=Target.of(order).key)
        return row.model_use.entity.path.startswith(path)
    return order.target_id in (row.model_use_id, row.model_use.model_id)
