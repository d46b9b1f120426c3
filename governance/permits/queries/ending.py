"""What has ended permits before their time. The facts count at once, before anybody records it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from governance.permits.models import Permit, RevocationReason
from governance.permits.rules.deciding import ORDER, RETIRED
from governance.suspensions.models import Order, OrderKind, TargetType
from governance.suspensions.queries import Target
from governance.suspensions.queries.targets import reached
from registry.core import clock
from registry.core.people.models import LegalEntity


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

    An order that was given after the permit has ended it, also where it has been lifted since. The
    rows come with release and `model_use__entity`. One statement, and one for each such order.
    """
    found = {row.pk: cause for row in rows if (cause := _of_release(row)) is not None}
    permits = [row for row in rows if row.pk not in found]
    if not permits:
        return found
    oldest = min(row.issued_at for row in permits)
    orders = Order.objects.filter(Q(lifted_at=None) | Q(lifted_at__gt=oldest))
    for order in orders.order_by("-kind", "ordered_at", "pk"):  # stops before restrictions
        for row in _reached(order, permits):
            found.setdefault(row.pk, _of_order(order, row))
    return found


def _of_release(row: Permit) -> Cause | None:
    """Where its release has gone: back, into retirement, or out of its approval."""
    release = row.release
    if release is None:
        return None
    fell = row.least_stage and (
        release.stage == RETIRED or ORDER.index(release.stage) < ORDER.index(row.least_stage)
    )
    if fell or release.stage == RETIRED:
        return Cause(RevocationReason.STAGE_LEFT, release.stage_since, release.stage)
    if row.material_digest and release.approved_digest != row.material_digest:
        return Cause(RevocationReason.APPROVAL_ENDED, None, release.code)
    return None


def _of_order(order: Order, row: Permit) -> Cause:
    because = (
        RevocationReason.STOPPED if order.kind == OrderKind.STOP else RevocationReason.RESTRICTED
    )
    return Cause(because, max(order.ordered_at, row.issued_at), order.reason)


def _reached(order: Order, permits: list[Permit]) -> list[Permit]:
    """The permits that the order ends."""
    is_stop = order.kind == OrderKind.STOP
    open_ = [
        row
        for row in permits
        if (is_stop or row.restriction_revokes)
        and (order.lifted_at is None or order.lifted_at > row.issued_at)
    ]
    keys = [row.release_id for row in open_ if row.release_id is not None]
    held: set[uuid.UUID] = set()
    if keys:
        here = reached(Target.of(order)).filter(pk__in=keys).order_by()
        held.update(here.values_list("pk", flat=True))
    return [row for row in open_ if row.release_id in held or _whole_use(order, row)]


def _whole_use(order: Order, row: Permit) -> bool:
    """Whether the order is about the whole use for which glass may be broken, or more than it."""
    if row.release_id is not None:
        return False
    match TargetType(order.target_type):
        case TargetType.MODEL_USE:
            return order.target_id == row.model_use_id
        case TargetType.MODEL:
            return order.target_id == row.model_use.model_id
        case TargetType.ENTITY:
            path = LegalEntity.objects.values_list("path", flat=True).get(pk=Target.of(order).key)
            return row.model_use.entity.path.startswith(path)
    return False  # a narrower order: a mended version may be what glass is broken for
