"""The catalogue's verbs: register models and versions, correct them, keep secrets."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from registry.catalogue import queries, rules
from registry.catalogue.models import (
    AIModel,
    IdentityKind,
    ModelVersion,
    NeedToKnow,
    VersionDeveloper,
)
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.rules import canonical
from registry.core.people.models import Department, LegalEntity, User, UserKind
from registry.core.people.queries import standing
from registry.core.people.rules import Capability, Role
from registry.core.web.concurrency import check_version

MOST_AT_ONCE = 100
MOST_BYTES = 64 * 1024  # of a version's manifest, and of its metrics: both stand in every entry


@dataclass(frozen=True)
class NewModel:
    """What is told of a new model."""

    name_zh: str
    entity: LegalEntity
    owner: User
    name_en: str = ""
    description: str = ""
    department: Department | None = None
    is_confidential: bool = False


@dataclass(frozen=True)
class NewVersion:
    """What is told of a new version. For a configuration the digest follows from the manifest."""

    label: str
    identity_kind: str
    digest: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    metrics: dict[str, Any] = field(default_factory=dict)  # Any: column values
    source: str = ""
    notes: str = ""
    developers: tuple[User, ...] = ()


def register_model(*, actor: User, model: NewModel, tier: str = "") -> AIModel:
    """The model is in the inventory under a new permanent code, with its first use's tier."""
    if model.owner.is_vendor_staff:
        raise DomainError(
            "vendor_owner", _("Vendor staff can't own a model."), field="owner", status=422
        )
    row = AIModel(
        code=ledger_queries.next_code("AIM"),
        name_zh=model.name_zh,
        name_en=model.name_en,
        description=model.description,
        entity=model.entity,
        department=model.department,
        owner=model.owner,
        is_confidential=model.is_confidential,
        tier=tier,
        registered_at=clock.now(),
    )
    _index(row)
    with ledger.act(actor) as act:
        return act.create(row, "model.registered")


def correct_model(
    *,
    actor: User,
    model_id: uuid.UUID,
    changes: dict[str, Any],  # Any: column values
    reason: str,
    expected_version: int | None = None,
) -> AIModel:
    """更正: names and description are corrected; a former name stays findable."""
    allowed = {"name_zh", "name_en", "description", "department"}
    if set(changes) - allowed or not changes:
        raise DomainError(
            "not_correctable",
            _("Only these can be corrected: %(names)s.") % {"names": ", ".join(sorted(allowed))},
            field=next(iter(sorted(set(changes) - allowed)), ""),
        )
    with ledger.act(actor) as act:
        row = ledger.lock(AIModel.objects.select_related("entity"), model_id)
        queries.check_reach(actor, Capability.REGISTER, row)
        check_version(expected_version, row.row_version)
        former = [
            name
            for key, name in (("name_zh", row.name_zh), ("name_en", row.name_en))
            if name and key in changes and changes[key] != name
        ]
        for key, value in changes.items():
            setattr(row, key, value)
        if former:
            row.former_names = [*row.former_names, *former]
        _index(row)
        written = {name: getattr(row, name) for name in changes}
        written |= {
            "former_names": row.former_names,
            "search_text": row.search_text,
            "search_grams": row.search_grams,
        }
        return act.update(row, "model.corrected", written, reason=reason)


def hand_over(*, actor: User, model_id: uuid.UUID, owner: User, reason: str) -> AIModel:
    """The model has another owner, who has the role and is no vendor's."""
    check_owner(owner)
    with ledger.act(actor) as act:
        row = ledger.lock(AIModel.objects.all(), model_id)
        if row.owner_id == owner.pk:
            raise Conflict("owner_already", _("This person owns the model already."), field="owner")
        return act.update(row, "model.handed_over", {"owner": owner}, reason=reason)


def check_owner(owner: User) -> None:
    """Raises DomainError where the person can't own a model."""
    if owner.kind != UserKind.PERSON or not owner.is_active or owner.is_vendor_staff:
        raise DomainError(
            "owner_unfit",
            _("An active person of the institution must own the model."),
            field="owner",
            status=400,
        )
    if not standing(owner).has(Role.OWNER):
        raise DomainError(
            "owner_role",
            _("This person does not have the role of a model owner."),
            field="owner",
            hint=_("An administrator assigns the role “owner”."),
        )


def set_tier(*, actor: User, model_id: uuid.UUID, tier: str) -> None:
    """The model shows the highest tier of its live uses."""
    with ledger.act(actor) as act:
        row = ledger.lock(AIModel.objects.all(), model_id)
        if row.tier != tier:
            act.update(row, "model.tier_shown", {"tier": tier})


def initiate(*, actor: User, model: AIModel, user: User, reason: str) -> NeedToKnow:
    """The person may know of the confidential model (again)."""
    _check_keeper(actor, model)
    with ledger.act(actor) as act:
        ledger.lock(AIModel.objects.all(), model.pk)
        known = NeedToKnow.objects.select_for_update().filter(model=model, user=user).first()
        if known is None:
            row = NeedToKnow(model=model, user=user, reason=reason)
            return act.create(row, "model.initiated")
        if known.is_open:
            raise Conflict("already_initiated", _("This person knows of it already."), field="user")
        return act.update(known, "model.initiated", {"is_open": True, "reason": reason})


def end_initiation(*, actor: User, initiation_id: uuid.UUID, reason: str) -> NeedToKnow:
    """The person is no longer shown the confidential model."""
    with ledger.act(actor) as act:
        row = ledger.lock(NeedToKnow.objects.all(), initiation_id)
        _check_keeper(actor, row.model)
        if not row.is_open:
            raise Conflict("already_ended", _("This has ended already."))
        return act.update(row, "model.initiation_ended", {"is_open": False}, reason=reason)


def _check_keeper(actor: User, model: AIModel) -> None:
    """Its owner and the head of model risk decide who may know of a confidential model."""
    head = standing(actor).has_at(model.entity.path, Role.MODEL_RISK_HEAD)
    if actor.pk != model.owner_id and not head:
        raise Forbidden(
            "not_the_keeper",
            _("Only the model's owner and the head of model risk let others know of it."),
        )


def register_version(*, actor: User, model: AIModel, version: NewVersion) -> ModelVersion:
    """The version is registered with its typed identity and its developers."""
    return register_versions(actor=actor, model=model, versions=[version])[0]


def register_versions(
    *, actor: User, model: AIModel, versions: Sequence[NewVersion]
) -> list[ModelVersion]:
    """All the versions are registered, or none: a few statements for at most 100 of them."""
    queries.check_reach(actor, Capability.REGISTER_VERSION, model)
    if not 1 <= len(versions) <= MOST_AT_ONCE:
        raise DomainError(
            "bulk_size",
            _("Register 1 to %(most)s versions at once.") % {"most": MOST_AT_ONCE},
            field="versions",
            status=400,
        )
    rows = [_version(actor, model, version, index) for index, version in enumerate(versions)]
    with ledger.act(actor) as act:
        _refuse_known(model, rows)
        act.create_many(rows, "version.registered", model=model.pk)
        developers = [
            VersionDeveloper(version=row, user=user)
            for row, version in zip(rows, versions, strict=True)
            for user in _developers(actor, version)
        ]
        act.create_many(developers, "version.developer_named")
    return rows


def name_builders(*, actor: User, version: ModelVersion, builders: Sequence[User]) -> None:
    """Who has built the version by acts of their own counts as its developer, roles or none."""
    known = set(version.developers.values_list("user_id", flat=True))
    rows = [VersionDeveloper(version=version, user=one) for one in builders if one.pk not in known]
    with ledger.act(actor) as act:
        act.create_many(rows, "version.developer_named")


def _developers(actor: User, version: NewVersion) -> list[User]:
    """Who has built it, as far as independence goes: those named, and the person who registers it.

    Raises DomainError for somebody who is no developer: to be named bars from validating and
    deciding, and nobody is barred by another's word.
    """
    named = {user.pk: user for user in version.developers}
    for user in named.values():
        if not standing(user).has(Role.DEVELOPER, Role.OWNER):
            raise DomainError(
                "not_a_developer",
                _("%(name)s is no developer: an administrator assigns the role first.")
                % {"name": user.name},
                field="developers",
            )
    if actor.kind == UserKind.PERSON or not named:
        named.setdefault(actor.pk, actor)
    return list(named.values())


def _version(actor: User, model: AIModel, version: NewVersion, index: int) -> ModelVersion:
    if version.identity_kind not in IdentityKind.values:
        raise DomainError(
            "unknown_identity",
            _("Unknown identity “%(kind)s”.") % {"kind": version.identity_kind},
            field=f"versions[{index}].identity_kind",
            status=400,
        )
    _check_sizes(version, index)
    faults = rules.identity_faults(version.identity_kind, version.digest, version.manifest)
    if faults:
        place, fault = faults[0]
        raise DomainError(
            "identity",
            _("The identity of version %(label)s is not complete: %(fault)s.")
            % {"label": version.label, "fault": f"{place}: {fault}"},
            field=f"versions[{index}].{place}",
            hint=_("An artifact needs its sha256; a configuration names base_model; a vendor"
                   " version names vendor, vendor_version and probe_digest."),
        )  # fmt: skip
    digest = version.digest
    if version.identity_kind in (IdentityKind.CONFIGURATION, IdentityKind.VENDOR):
        digest = rules.manifest_digest(version.manifest)
    return ModelVersion(
        model=model,
        label=version.label,
        identity_kind=version.identity_kind,
        digest=digest,
        manifest=version.manifest,
        metrics=version.metrics,
        source=version.source,
        notes=version.notes,
        registered_by=actor,
        registered_at=clock.now(),
    )


def _check_sizes(version: NewVersion, index: int) -> None:
    for name, value in (("manifest", version.manifest), ("metrics", version.metrics)):
        if len(canonical(value).encode()) > MOST_BYTES:
            raise DomainError(
                "too_large",
                _("What is told of a version has at most %(most)s KB in each field.")
                % {"most": MOST_BYTES // 1024},
                field=f"versions[{index}].{name}",
                status=413,
                hint=_("Hand in the whole as a document and tell its sha256 here."),
            )


def _refuse_known(model: AIModel, rows: Sequence[ModelVersion]) -> None:
    """A label or digest that the model has already, or that stands twice in the request."""
    labels, digests = [row.label for row in rows], [row.digest for row in rows]
    known = ModelVersion.objects.filter(model=model)
    taken = set(known.filter(label__in=labels).values_list("label", flat=True))
    same = dict(known.filter(digest__in=digests).values_list("digest", "label"))
    for index, row in enumerate(rows):
        if row.label in taken or row.label in labels[:index]:
            raise Conflict(
                "version_taken",
                _("Version %(label)s is registered already.") % {"label": row.label},
                field=f"versions[{index}].label",
            )
        if row.digest in same or row.digest in digests[:index]:
            raise Conflict(
                "digest_known",
                _("These bytes are registered already, as version %(label)s.")
                % {"label": same.get(row.digest, row.label)},
                field=f"versions[{index}].digest",
            )


def _index(row: AIModel) -> None:
    row.search_text = rules.search_text(
        [row.code, row.name_zh, row.name_en, row.description, *row.former_names]
    )
    row.search_grams = rules.grams(row.search_text)
