"""Orders as people read them: which they may see, what each is about, what it affects."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from governance.suspensions.models import Acknowledgement, DrillReport, Order, TargetType
from governance.suspensions.queries.targets import TARGETS, Target, naming, plain, reached
from registry.catalogue.queries import visible_ids, visible_version_ids, visible_versions
from registry.core.adminkit import named
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import standing
from registry.core.people.rules import above
from registry.releases.models import Release, Stage
from registry.releases.queries import visible_ids as visible_release_ids
from registry.usecases.models import ModelUse
from registry.usecases.queries import visible_use_ids, visible_uses


def visible_to(user: User) -> models.QuerySet[Order]:
    """The orders about things that the person may see.

    Of an entity: who works in it, above or below; of a vendor or a base model: who may see a
    version that names it, and whoever gave the order.
    """
    about = (
        Q(target_type=TargetType.MODEL, target_id__in=visible_ids(user))
        | Q(target_type=TargetType.VERSION, target_id__in=visible_version_ids(user))
        | Q(target_type=TargetType.MODEL_USE, target_id__in=visible_use_ids(user))
        | Q(target_type=TargetType.RELEASE, target_id__in=visible_release_ids(user))
        | Q(target_type=TargetType.ENTITY, target_id__in=_along(user))
        | Q(target_id=None, ordered_by=user)
    )
    for target_type in (TargetType.VENDOR, TargetType.BASE_MODEL):
        seen = naming(target_type, OuterRef("target_key"), visible_versions(user))
        about |= Q(Q(target_type=target_type), Exists(seen))
    return Order.objects.filter(about)


def visible_drill_reports(user: User) -> models.QuerySet[DrillReport]:
    """The reports of the drills that the person may see."""
    return DrillReport.objects.filter(order__in=visible_to(user))


def visible_acknowledgements(user: User) -> models.QuerySet[Acknowledgement]:
    """What was said of the orders that the person may see."""
    return Acknowledgement.objects.filter(order__in=visible_to(user))


def _along(user: User) -> models.QuerySet[Any, Any]:
    """The entities above and below those of the person's roles."""
    along = Q(pk__in=[])
    for path in standing(user).paths:
        along |= Q(path__startswith=path) | Q(path__in=above(path))
    return LegalEntity.objects.filter(along).values("pk")


def about_release(release: Release) -> models.QuerySet[Order]:
    """The orders about the release, in force or lifted: whatever was ever ordered on it."""
    ids = [release.pk, release.model_use_id, release.model_use.model_id]
    paths = above(release.model_use.entity.path)
    entities = LegalEntity.objects.filter(path__in=paths).values("pk")
    about = Q(target_type=TargetType.ENTITY, target_id__in=entities)
    if release.version_id is not None:
        ids.append(release.version_id)
        for target_type in (TargetType.VENDOR, TargetType.BASE_MODEL):
            name = (release.version.manifest if release.version else {}).get(target_type)
            if isinstance(name, str):
                about |= Q(target_type=target_type, compared=plain(models.Value(name)))
    return Order.objects.alias(compared=plain("target_key")).filter(Q(target_id__in=ids) | about)


def affected_uses(user: User, target: Target, most: int) -> tuple[list[ModelUse], int]:
    """The uses that an order about the target would affect, as far as the person may see them.

    The highest tiers first, at most so many of them, and how many there are.
    """
    here = reached(target).exclude(stage=Stage.S8).filter(model_use=OuterRef("pk"))
    rows = visible_uses(user).filter(Exists(here)).select_related("model", "use_case", "entity")
    rank = models.Case(
        *(models.When(tier=tier, then=place) for place, tier in enumerate(("P", "I", "II", "III"))),
        default=9,
    )
    return list(rows.order_by(rank, "model__code", "pk")[:most]), rows.count()


def with_targets(orders: Iterable[Order]) -> list[Order]:
    """The orders, each with `about`: the model and (if it is narrower) the release, use or version.

    At most five statements, however many orders. What is not in the books is left None.
    """
    found = list(orders)
    rows: dict[uuid.UUID, Any] = {}  # Any: a row of one of five models
    for kind, queryset in TARGETS.items():
        wanted = {order.target_id for order in found if order.target_type == kind}
        if wanted:
            rows |= {row.pk: row for row in queryset.filter(pk__in=wanted)}
    for order in found:
        order.about = rows.get(order.target_id) if order.target_id else None  # type: ignore[attr-defined]  # for the reader
    return found


def target_of(order: Order) -> tuple[str, str]:
    """What the order is about in words, and its page; `with_targets` has found the row."""
    row = getattr(order, "about", None)
    kind = TargetType(order.target_type)
    if order.target_id is None:
        return f"{kind.label} · {order.target_key}", ""
    if row is None:
        return order.get_target_type_display(), ""
    match kind:
        case TargetType.RELEASE:
            return f"{named(row.model_use.model)} · {row.code}", row.get_absolute_url()
        case TargetType.VERSION:
            return f"{named(row.model)} · {row.label}", row.model.get_absolute_url()
        case TargetType.MODEL_USE:
            return f"{named(row.model)} · {named(row.use_case)}", row.model.get_absolute_url()
        case TargetType.MODEL:
            return named(row), row.get_absolute_url()
        case TargetType.ENTITY:
            return f"{kind.label} · {named(row)}", "/institution/"
        case TargetType.VENDOR | TargetType.BASE_MODEL:
            return order.target_key, ""
