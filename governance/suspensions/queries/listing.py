"""What the stop list holds, and by which entry of the ledger it was last changed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from governance.suspensions.models import Order, OrderKind
from governance.suspensions.queries.reading import with_targets
from governance.suspensions.queries.targets import Target, reached
from governance.suspensions.rules import ListedOrder, ListedRelease, moment
from registry.catalogue.models import AIModel, ModelVersion
from registry.releases.models import Release, Stage
from registry.usecases.models import ModelUse

# The kinds of entries that can change what the list holds.
CHANGING = ("order.stop", "order.restrict", "order.lifted", "release.moved")
LIVE = (Stage.S4, Stage.S5)


@dataclass(frozen=True)
class Version:
    """The last entry that can have changed the list; nothing where there has been none."""

    seq: int = 0
    uid: uuid.UUID | None = None
    at: dt.datetime | None = None


def version(kinds: Sequence[str] = CHANGING) -> Version:
    """The list's version now: one statement, a look into the index for each kind of entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.seq, e.uid, e.recorded_at FROM unnest(%s::text[]) k(kind) CROSS JOIN LATERAL"
            " (SELECT seq, uid, recorded_at FROM registry_entry WHERE kind = k.kind"
            " ORDER BY seq DESC LIMIT 1) e ORDER BY e.seq DESC LIMIT 1",
            [list(kinds)],
        )
        row = cursor.fetchone()
    return Version(*row) if row else Version()


def listed() -> tuple[list[ListedOrder], list[ListedRelease]]:
    """The orders in force, and the releases in pilot or production for which they hold."""
    orders = with_targets(Order.objects.filter(state="in_force").order_by("ordered_at", "pk"))
    codes: dict[uuid.UUID, str] = {}
    holding: dict[uuid.UUID, list[Order]] = {}
    for order in orders:
        here = reached(Target.of(order)).filter(stage__in=LIVE).order_by()
        for key, code in here.values_list("pk", "code"):
            codes[key] = code
            holding.setdefault(key, []).append(order)
    releases = [
        ListedRelease(
            id=str(key),
            code=code,
            is_stopped=any(one.kind == OrderKind.STOP for one in holding[key]),
            orders=tuple(str(one.pk) for one in holding[key]),
        )
        for key, code in sorted(codes.items(), key=lambda told: told[1])
    ]
    return [_listed(order) for order in orders], releases


def _listed(order: Order) -> ListedOrder:
    return ListedOrder(
        id=str(order.pk),
        kind=order.kind,
        target_type=order.target_type,
        target=str(order.target_id) if order.target_id else order.target_key,
        since=moment(order.ordered_at),
        limits="" if _is_about_confidential(order) else order.limits,
        is_drill=order.is_drill,
    )


def _is_about_confidential(order: Order) -> bool:
    """Whether it is about a confidential model: its limits may name it."""
    row = getattr(order, "about", None)
    match row:
        case Release():
            return row.model_use.model.is_confidential
        case ModelUse() | ModelVersion():
            return row.model.is_confidential
        case AIModel():
            return row.is_confidential
    return False
