"""What an order can be about, who reaches it, and which releases it reaches.

A vendor and a base model have no row: they are what versions name in their manifests, compared
without regard to case and to blanks around.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import OuterRef, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower, Trim
from django.utils.translation import gettext as _

from governance.suspensions.models import NAMED, Order, TargetType
from registry.catalogue import queries as catalogue
from registry.catalogue.models import AIModel, ModelVersion, VersionDeveloper
from registry.catalogue.queries import visible_ids, visible_version_ids, visible_versions
from registry.core.errors import NotFound
from registry.core.people.models import LegalEntity, User, UserKind
from registry.core.people.queries import require_at, require_everywhere, visible_entities
from registry.core.people.rules import Capability
from registry.releases import queries as releases
from registry.releases.models import Release
from registry.releases.queries import visible_ids as visible_release_ids
from registry.usecases import queries as usecases
from registry.usecases.models import ModelUse
from registry.usecases.queries import visible_use_ids

TARGETS: dict[str, models.QuerySet[Any]] = {
    TargetType.MODEL: AIModel.objects.select_related("entity"),
    TargetType.VERSION: ModelVersion.objects.select_related("model__entity"),
    TargetType.MODEL_USE: ModelUse.objects.select_related("model", "use_case", "entity"),
    TargetType.RELEASE: Release.objects.select_related(
        "model_use__model", "model_use__use_case", "model_use__entity"
    ),
    TargetType.ENTITY: LegalEntity.objects.all(),
}


@dataclass(frozen=True)
class Target:
    """What is meant: by key, or (vendor, base model) by name."""

    type: str
    id: uuid.UUID | None = None
    name: str = ""

    @classmethod
    def of(cls, order: Order) -> Target:
        """What the order is about."""
        return cls(order.target_type, order.target_id, order.target_key)

    @property
    def is_named(self) -> bool:
        """Whether a name stands for it, no row."""
        return self.type in NAMED

    @property
    def key(self) -> uuid.UUID:
        """Its row's key; of what has no row, one that no row has."""
        return self.id or uuid.UUID(int=0)

    @property
    def field(self) -> str:
        """The field of a request that says which one."""
        return "target_key" if self.is_named else "target_id"


def plain(expression: Any) -> Lower:  # Any: whatever an expression takes
    """A name as names are compared."""
    return Lower(Trim(expression))


def named_in(target_type: str, prefix: str = "") -> Lower:
    """The name that a version's manifest has for the vendor or the base model."""
    return plain(KeyTextTransform(str(target_type), f"{prefix}manifest"))


def naming(
    target_type: str, name: Any, versions: models.QuerySet[ModelVersion] | None = None
) -> models.QuerySet[ModelVersion]:
    """The versions that name this vendor or base model. name: a text or an expression."""
    rows = ModelVersion.objects.all() if versions is None else versions
    told = Value(name) if isinstance(name, str) else name
    return rows.alias(named=named_in(target_type)).filter(named=plain(told))


def exists(target: Target) -> bool:
    """Whether there is such a thing; a vendor or a base model: whether a version names it."""
    if target.is_named:
        return bool(target.name.strip()) and naming(target.type, target.name).exists()
    return target.id is not None and TARGETS[target.type].filter(pk=target.key).exists()


def with_code(target_type: str, code: str) -> Target:
    """The release, model or entity with this code. Raises NotFound; others have a key alone."""
    target = Target(target_type)
    if target_type in (TargetType.RELEASE, TargetType.MODEL, TargetType.ENTITY):
        row = TARGETS[target_type].filter(code=code).first()
        target = Target(target_type, row.pk if row else None)
    if target.id is None:
        raise not_found(target)
    return target


def names_in_use(user: User, target_type: str) -> list[str]:
    """The vendors or base models that versions name which the person may see."""
    found = visible_versions(user).alias(named=named_in(target_type)).exclude(named=None)
    rows = found.exclude(named="").annotate(
        told=Trim(KeyTextTransform(str(target_type), "manifest"))
    )
    by_name: dict[str, str] = {}
    for text in rows.order_by("told").values_list("told", flat=True).distinct():
        by_name.setdefault(text.lower(), text)
    return list(by_name.values())


def check_reach(user: User, capability: Capability, target: Target) -> None:
    """The button exists for the person where the target is used or owned. Raises Forbidden.

    A vendor or a base model concerns the whole institution.
    """
    if target.is_named:
        if user.kind != UserKind.SYSTEM:
            require_everywhere(user, capability)
        return
    row = TARGETS[target.type].get(pk=target.key)
    if isinstance(row, Release):
        releases.check_reach(user, capability, row)
    elif isinstance(row, ModelUse):
        usecases.check_reach(user, capability, row)
    elif isinstance(row, LegalEntity):
        require_at(user, capability, row)
    else:
        catalogue.check_reach(user, capability, row.model if isinstance(row, ModelVersion) else row)


def entity_of(target: Target) -> LegalEntity:
    """Where the order belongs: the target's entity; of a name the whole institution."""
    row = None if target.is_named else TARGETS[target.type].get(pk=target.key)
    match row:
        case LegalEntity():
            return row
        case AIModel() | ModelUse():
            return row.entity
        case ModelVersion():
            return row.model.entity
        case Release():
            return row.model_use.entity
    return LegalEntity.objects.get(parent=None)


def check_target(user: User, target: Target) -> None:
    """Raises NotFound where the person may not see the target, alike for missing ones."""
    if target.is_named:
        seen = naming(target.type, target.name, visible_versions(user)).exists()
    else:
        keys: models.QuerySet[Any, Any] = {
            TargetType.MODEL: visible_ids,
            TargetType.VERSION: visible_version_ids,
            TargetType.MODEL_USE: visible_use_ids,
            TargetType.RELEASE: visible_release_ids,
            TargetType.ENTITY: visible_entities,
        }[TargetType(target.type)](user)
        seen = target.id is not None and keys.filter(pk=target.key).exists()
    if not seen:
        raise not_found(target)


def not_found(target: Target) -> NotFound:
    """What is answered where there is no such thing."""
    if target.is_named:
        told = _("No version names “%(name)s”.") % {"name": target.name.strip()[:100]}
        return NotFound("not_found", told, field="target_key")
    return NotFound("not_found", _("There is nothing with this key."), field="target_id")


def reached(target: Target) -> models.QuerySet[Release]:
    """The releases for which an order about the target holds, the retired ones among them."""
    rows = Release.objects.all()
    match TargetType(target.type):
        case TargetType.RELEASE:
            return rows.filter(pk=target.key)
        case TargetType.VERSION:
            return rows.filter(version=target.id)
        case TargetType.MODEL_USE:
            return rows.filter(model_use=target.id)
        case TargetType.MODEL:
            return rows.filter(model_use__model=target.id)
        case TargetType.ENTITY:
            path = LegalEntity.objects.filter(pk=target.key).values("path")[:1]
            return rows.filter(model_use__entity__path__startswith=models.Subquery(path))
        case TargetType.VENDOR | TargetType.BASE_MODEL:
            return rows.filter(version__in=naming(target.type, target.name))


def is_own(user: User, target: Target) -> bool:
    """Whether the person owns what is meant, or has built a version of a model that it reaches."""
    models_, uses = _concerned(target)
    built = ModelVersion.objects.filter(model__in=models_).filter(
        Q(registered_by=user)
        | models.Exists(VersionDeveloper.objects.filter(version=OuterRef("pk"), user=user))
    )
    return (
        built.exists()
        or AIModel.objects.filter(pk__in=models_, owner=user).exists()
        or usecases.has_owned_any(user, uses)
    )


def _concerned(target: Target) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """The models and the uses that an order about the target concerns."""
    match TargetType(target.type):
        case TargetType.MODEL:
            uses = ModelUse.objects.filter(model=target.id)
        case TargetType.VERSION:
            uses = ModelUse.objects.filter(model__versions=target.id)
        case TargetType.MODEL_USE:
            uses = ModelUse.objects.filter(pk=target.key)
        case TargetType.ENTITY:
            path = LegalEntity.objects.filter(pk=target.key).values("path")[:1]
            uses = ModelUse.objects.filter(entity__path__startswith=models.Subquery(path))
        case TargetType.RELEASE | TargetType.VENDOR | TargetType.BASE_MODEL:
            uses = ModelUse.objects.filter(releases__in=reached(target)).distinct()
    rows = list(uses.order_by("pk").values_list("model_id", "pk"))
    found = {model for model, _use in rows}
    if target.type == TargetType.MODEL and target.id is not None:
        found.add(target.id)
    if target.type == TargetType.VERSION:
        found |= set(ModelVersion.objects.filter(pk=target.key).values_list("model", flat=True))
    if target.is_named:
        named = naming(target.type, target.name)
        found |= set(named.values_list("model", flat=True))
    return sorted(found), [use for _model, use in rows]
