"""Reading use cases and uses."""

from __future__ import annotations

import uuid

from django.db import connection, models

from registry.catalogue.queries import may_be_seen
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import require_at, within_reach
from registry.core.people.rules import Capability
from registry.usecases.models import ModelUse, UseCase

_RANK = ("", "IV", "III", "II", "I", "P")


def visible_use_cases(user: User) -> models.QuerySet[UseCase]:
    """The use cases within the person's reach, without those of models hidden from them."""
    hidden = ModelUse.objects.filter(model__is_confidential=True).exclude(
        may_be_seen(user, "model__")
    )
    return UseCase.objects.filter(within_reach(user, "entity")).exclude(
        pk__in=hidden.values("use_case")
    )


def visible_use_cases_with_uses(user: User) -> models.QuerySet[UseCase]:
    """The use cases, each with `seen`: the uses that the person may see, in one statement more."""
    seen = visible_uses(user).select_related("model")
    return visible_use_cases(user).prefetch_related(
        models.Prefetch("uses", queryset=seen, to_attr="seen")
    )


def visible_uses(user: User) -> models.QuerySet[ModelUse]:
    """The uses of models that the person may see."""
    return ModelUse.objects.filter(may_be_seen(user, "model__"))


def visible_use_ids(user: User) -> models.QuerySet[ModelUse, uuid.UUID]:
    """Their keys, for a subquery."""
    return visible_uses(user).values_list("pk", flat=True)


def check_reach(user: User, capability: Capability, use: ModelUse) -> None:
    """The button exists for the person in the using entity, or for their own model or use case."""
    entity, owners = place(use)
    require_at(user, capability, entity, own=user.pk in owners)


def place(use: ModelUse) -> tuple[LegalEntity, set[uuid.UUID]]:
    """The entity in which the use stands, and its owners: the model's and the use case's."""
    return use.entity, {use.model.owner_id, use.use_case.owner_id}


def has_owned(user: User, use: ModelUse) -> bool:
    """Whether the person owns its model or its use case, or did since the use was registered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mingce_owns(%s, %s, mingce_first_entry(%s))", (user.pk, use.pk, use.pk)
        )
        (owned,) = cursor.fetchone()
    return bool(owned)


def has_owned_any(user: User, uses: list[uuid.UUID]) -> bool:
    """Whether the person has owned any of the uses so; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(bool_or(mingce_owns(%s, use, mingce_first_entry(use))), false)"
            " FROM unnest(%s::uuid[]) use",
            (user.pk, uses),
        )
        (owned,) = cursor.fetchone()
    return bool(owned)


def other_tiers(use: ModelUse) -> list[str]:
    """The tiers of the model's other live uses."""
    rows = ModelUse.objects.filter(model=use.model_id, is_live=True).exclude(pk=use.pk)
    return list(rows.exclude(tier="").values_list("tier", flat=True))


def highest_tier(model_id: uuid.UUID) -> str:
    """The highest tier of the model's live uses."""
    tiers = ModelUse.objects.filter(model_id=model_id, is_live=True).values_list("tier", flat=True)
    return max(tiers, key=_RANK.index, default="")
