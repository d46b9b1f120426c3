"""Whether something is stopped or restricted: asked by every decision, never cached."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext as _

from governance.suspensions.models import Order, OrderKind, TargetType
from registry.catalogue import queries as catalogue
from registry.catalogue.models import AIModel, ModelVersion
from registry.catalogue.queries import visible_ids, visible_version_ids
from registry.core.adminkit import named
from registry.core.errors import NotFound
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.releases import queries as releases
from registry.releases.models import Release
from registry.releases.queries import visible_ids as visible_release_ids
from registry.usecases import queries as usecases
from registry.usecases.models import ModelUse
from registry.usecases.queries import visible_use_ids

INTAKE_LOCK = 7301010
TARGETS: dict[str, models.QuerySet[Any]] = {
    TargetType.MODEL: AIModel.objects.all(),
    TargetType.VERSION: ModelVersion.objects.select_related("model"),
    TargetType.MODEL_USE: ModelUse.objects.select_related("model", "use_case"),
    TargetType.RELEASE: Release.objects.select_related("model_use__model"),
}


def check_reach(user: User, capability: Capability, target_type: str, target_id: uuid.UUID) -> None:
    """The button exists for the person where the target is used or owned. Raises Forbidden."""
    target = TARGETS[target_type].get(pk=target_id)
    if isinstance(target, Release):
        releases.check_reach(user, capability, target)
    elif isinstance(target, ModelUse):
        usecases.check_reach(user, capability, target)
    else:
        catalogue.check_reach(
            user, capability, target.model if isinstance(target, ModelVersion) else target
        )


def is_own(user: User, target_type: str, target_id: uuid.UUID) -> bool:
    """Whether the person owns what is meant, or has built a version of its model."""
    target = TARGETS[target_type].get(pk=target_id)
    if isinstance(target, Release):
        model, uses = target.model_use.model, [target.model_use]
    elif isinstance(target, ModelUse):
        model, uses = target.model, [target]
    else:
        model = target.model if isinstance(target, ModelVersion) else target
        uses = list(model.uses.all())
    built = model.versions.filter(Q(developers__user=user) | Q(registered_by=user)).exists()
    return built or model.owner_id == user.pk or any(usecases.has_owned(user, use) for use in uses)


def visible_to(user: User) -> models.QuerySet[Order]:
    """The orders about things that the person may see."""
    return Order.objects.filter(
        Q(target_type=TargetType.MODEL, target_id__in=visible_ids(user))
        | Q(target_type=TargetType.VERSION, target_id__in=visible_version_ids(user))
        | Q(target_type=TargetType.MODEL_USE, target_id__in=visible_use_ids(user))
        | Q(target_type=TargetType.RELEASE, target_id__in=visible_release_ids(user))
    )


def check_target(user: User, target_type: str, target_id: uuid.UUID) -> None:
    """Raises NotFound where the person may not see the target, alike for missing ones."""
    visible = {
        TargetType.MODEL: visible_ids,
        TargetType.VERSION: visible_version_ids,
        TargetType.MODEL_USE: visible_use_ids,
        TargetType.RELEASE: visible_release_ids,
    }[TargetType(target_type)](user)
    if not visible.filter(pk=target_id).exists():
        raise NotFound("not_found", _("There is nothing with this key."), field="target_id")


def targets_of(release: Release) -> list[uuid.UUID]:
    """Everything whose order also holds for the release."""
    found = [release.pk, release.model_use_id, release.model_use.model_id]
    return [*found, release.version_id] if release.version_id else found


def in_force(release: Release) -> list[Order]:
    """The orders that hold for the release now, stops first."""
    orders = Order.objects.filter(target_id__in=targets_of(release), state="in_force")
    return sorted(
        orders.select_related("ordered_by", "resume_asked_by"),
        key=lambda order: (order.kind, order.ordered_at),
    )[::-1]


def is_stopped(release: Release) -> bool:
    """Whether an emergency stop holds for the release."""
    return any(order.kind == OrderKind.STOP for order in in_force(release))


def with_targets(orders: Iterable[Order]) -> list[Order]:
    """The orders, each with `about`: the model and (if it is narrower) the release, use or version.

    At most four statements, however many orders. What is not in the books is left None.
    """
    found = list(orders)
    rows: dict[uuid.UUID, Any] = {}  # Any: a row of one of four models
    for kind, queryset in TARGETS.items():
        wanted = {order.target_id for order in found if order.target_type == kind}
        if wanted:
            rows |= {row.pk: row for row in queryset.filter(pk__in=wanted)}
    for order in found:
        order.about = rows.get(order.target_id)  # type: ignore[attr-defined]  # for the reader
    return found


def target_of(order: Order) -> tuple[str, str]:
    """What the order is about in words, and its page; `with_targets` has found the row."""
    row = getattr(order, "about", None)
    if row is None:
        return order.get_target_type_display(), ""
    match TargetType(order.target_type):
        case TargetType.RELEASE:
            return f"{named(row.model_use.model)} · {row.code}", row.get_absolute_url()
        case TargetType.VERSION:
            return f"{named(row.model)} · {row.label}", row.model.get_absolute_url()
        case TargetType.MODEL_USE:
            return f"{named(row.model)} · {named(row.use_case)}", row.model.get_absolute_url()
        case TargetType.MODEL:
            return named(row), row.get_absolute_url()


def hold_still() -> None:
    """No stop is given before this transaction has ended; one that was given has been seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [INTAKE_LOCK])


def stand_still() -> None:
    """Until this transaction ends no decision is taken in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INTAKE_LOCK])


def orders_for(rows: Iterable[Release]) -> dict[uuid.UUID, list[Order]]:
    """Release → the orders in force for it; one statement."""
    targets = {row.pk: targets_of(row) for row in rows}
    wanted = {target for found in targets.values() for target in found}
    orders = list(Order.objects.filter(target_id__in=wanted, state="in_force"))
    return {
        pk: [order for order in orders if order.target_id in found] for pk, found in targets.items()
    }
