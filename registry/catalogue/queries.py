"""Reading the catalogue: what a person may see, and search."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from registry.catalogue.models import AIModel, ModelVersion, NeedToKnow
from registry.catalogue.rules import grams, normal
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import require_at, standing
from registry.core.people.rules import Capability


def may_be_seen(user: User, prefix: str = "") -> Q:
    """Models by owning entity, by using entity; confidential ones by need to know alone."""
    initiated = NeedToKnow.objects.filter(user=user, is_open=True).values("model")
    open_to = (
        Q(**{f"{prefix}is_confidential": False})
        | Q(**{f"{prefix}owner": user})
        | Q(**{f"{prefix}pk__in": initiated})
    )
    paths = standing(user).paths
    if any(path.count("/") == 1 for path in paths):
        return open_to
    reach = Q(pk__in=[])
    for path in paths:
        inside = LegalEntity.objects.filter(path__startswith=path).values("pk")
        using = AIModel.objects.filter(uses__entity__in=inside).values("pk")
        reach |= Q(**{f"{prefix}entity__in": inside}) | Q(**{f"{prefix}pk__in": using})
    return reach & open_to


def visible_to(user: User) -> models.QuerySet[AIModel]:
    """The models that the person may see."""
    return AIModel.objects.filter(may_be_seen(user))


def visible_ids(user: User) -> models.QuerySet[AIModel, uuid.UUID]:
    """Their keys, for a subquery."""
    return visible_to(user).values_list("pk", flat=True)


def visible_versions(user: User) -> models.QuerySet[ModelVersion]:
    """The versions of the models that the person may see."""
    return ModelVersion.objects.filter(may_be_seen(user, "model__"))


def visible_version_ids(user: User) -> models.QuerySet[ModelVersion, uuid.UUID]:
    """Their keys, for a subquery."""
    return visible_versions(user).values_list("pk", flat=True)


def check_reach(user: User, capability: Capability, model: AIModel) -> None:
    """The button exists for the person in the model's entity, or for their own model."""
    require_at(user, capability, model.entity, own=model.owner_id == user.pk)


def matching(queryset: models.QuerySet[AIModel], text: str) -> models.QuerySet[AIModel]:
    """The models whose names, code or description contain every word of the text.

    The index on pairs of letters narrows, the normal text decides: one Chinese letter, pinyin
    initials, former names, full and half width all find what they should.
    """
    for word in normal(text).split()[:8]:
        queryset = queryset.filter(search_grams__contains=grams(word), search_text__contains=word)
    return queryset


def visible_initiations(user: User) -> models.QuerySet[NeedToKnow]:
    """Who may know of the confidential models that the person may see."""
    return NeedToKnow.objects.filter(may_be_seen(user, "model__"), is_open=True)


def names_shown(model: AIModel) -> tuple[str, str]:
    """The model's names, Chinese and English, as notices give them; of a confidential one its code.

    A notice may be read over a shoulder, or leave the house by mail.
    """
    if model.is_confidential:
        return model.code, model.code
    return model.name_zh, model.name_en or model.name_zh
