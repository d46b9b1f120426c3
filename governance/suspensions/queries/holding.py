"""The orders that hold for releases now. Whoever decides holds still first.

A stop takes the same lock alone: what was decided before it has been committed when it returns, and
whatever begins after it has returned sees it. No cache, no replica.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Q, Subquery

from governance.suspensions.models import Order, OrderKind, TargetType
from governance.suspensions.queries.targets import named_in, plain
from registry.core.people.models import LegalEntity
from registry.core.people.rules import above
from registry.releases.models import Release

LOCK = 7301010


@dataclass(frozen=True)
class _Place:
    """Everything whose order also holds for the release."""

    ids: frozenset[uuid.UUID]
    path: str
    names: dict[str, str]

    def holds(self, order: Any) -> bool:  # Any: an order with what `_about` adds
        """Whether the order is about any of it."""
        if order.target_type == TargetType.ENTITY:
            return bool(order.reach) and self.path.startswith(order.reach)
        if order.target_id is not None:
            return order.target_id in self.ids
        return bool(self.names.get(order.target_type) == order.compared)


def hold_still() -> None:
    """Until this transaction ends, no stop or restriction comes into force; many may hold at once.

    It comes before any row lock. Raises RuntimeError outside a transaction, where it holds nothing.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Hold still inside a transaction.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])


def stand_still() -> None:
    """Until this transaction ends, no decision is taken in; those under way have ended.

    Raises RuntimeError outside a transaction, where it holds nothing.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Stand still inside a transaction.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def orders_for(releases: Iterable[Release | uuid.UUID]) -> dict[uuid.UUID, list[Order]]:
    """For each release the orders that hold for it now, stops first; two statements for all."""
    keys = [one.pk if isinstance(one, Release) else one for one in releases]
    places = _places(keys)
    found: dict[uuid.UUID, list[Order]] = {key: [] for key in keys}
    orders = _about(places.values()) if places else []
    for key, place in places.items():
        found[key] = [order for order in orders if place.holds(order)]
    return found


def in_force(release: Release) -> list[Order]:
    """The orders that hold for the release now, stops first."""
    return orders_for([release])[release.pk]


def is_stopped(release: Release) -> bool:
    """Whether an emergency stop holds for the release."""
    return any(order.kind == OrderKind.STOP for order in in_force(release))


def _places(keys: list[uuid.UUID]) -> dict[uuid.UUID, _Place]:
    rows = Release.objects.filter(pk__in=keys).annotate(
        vendor=named_in(TargetType.VENDOR, "version__"),
        base_model=named_in(TargetType.BASE_MODEL, "version__"),
    )
    told = rows.order_by().values_list(
        "pk", "model_use", "model_use__model", "version", "model_use__entity__path", "vendor",
        "base_model",
    )  # fmt: skip
    return {
        ids[0]: _Place(
            frozenset(one for one in ids if one is not None),
            path,
            {TargetType.VENDOR: vendor or "", TargetType.BASE_MODEL: base or ""},
        )
        for *ids, path, vendor, base in told
    }


def _about(places: Iterable[_Place]) -> list[Order]:
    """The orders in force about any of the places: stops first, of each the latest first."""
    every = list(places)
    ids = {key for place in every for key in place.ids}
    paths = {path for place in every for path in above(place.path)}
    entities = LegalEntity.objects.filter(path__in=paths).values("pk")
    about = Q(target_id__in=ids) | Q(target_type=TargetType.ENTITY, target_id__in=entities)
    for target_type in (TargetType.VENDOR, TargetType.BASE_MODEL):
        names = {place.names[target_type] for place in every} - {""}
        about |= Q(target_type=target_type, compared__in=names) if names else Q(pk__in=[])
    path_of = LegalEntity.objects.filter(pk=OuterRef("target_id")).values("path")[:1]
    orders = Order.objects.annotate(compared=plain("target_key"), reach=Subquery(path_of))
    rows = orders.filter(about, state="in_force").select_related("ordered_by", "resume_asked_by")
    return sorted(rows, key=lambda order: (order.kind, order.ordered_at), reverse=True)
