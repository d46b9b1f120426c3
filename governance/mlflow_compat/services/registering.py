"""Names and versions come into the experiments pool, are described, renamed and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredAlias, RegisteredModel, RegisteredVersion
from governance.mlflow_compat.rules import naming
from governance.mlflow_compat.services import claiming, enriching, loading, promoting
from governance.mlflow_compat.services.holding import (
    check_registrant,
    entity_of,
    lock_name,
    lock_version,
)
from registry.core import clock
from registry.core.errors import DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.people.models import User


def register_model(
    *, actor: User, name: str, tags: Mapping[str, str], description: str = ""
) -> RegisteredModel:
    """The name is in the experiments pool; nothing of it counts in the inventory.

    Raises DomainError (`resource_already_exists`) for a name that somebody has taken.
    """
    naming.check_name(name)
    naming.check_length("description", description)
    for key, value in tags.items():
        naming.check_tag(key, value)
    naming.check_tags(tags)
    now = clock.now()
    row = RegisteredModel(
        name=name, description=description, tags=dict(tags), entity=entity_of(actor),
        registered_by=actor, registered_at=now, touched_at=now,
    )  # fmt: skip
    with ledger.act(actor) as act:
        try:
            return act.create(row, "experiment.registered")
        except IntegrityError as error:
            raise _taken(name) from error


@dataclass(frozen=True)
class NewVersion:
    """What is told of a version. source: where its files are, as the client resolves it."""

    source: str
    run_id: str = ""
    run_link: str = ""
    logged_model: str = ""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)


def register_version(*, actor: User, name: str, told: NewVersion) -> RegisteredVersion:
    """The next number of the name exists. Under a protected name it has to pass the gate first.

    A source `models:/name/number` is taken over from that version. Where the name is claimed and a
    tag `sha256` tells the digest, the version is one of the inventory at once. Raises DomainError
    naming the field, NotFound for an unknown name or source.
    """
    _check(told)
    digest = claiming.told_digest(told.tags)
    origin = promoting.origin(actor, told.source)
    section = queries.active_section()
    by_name, by_tags = section.by_name(name), section.by_tags(name, told.tags)
    protected = max(filter(None, (by_name, by_tags)), key=lambda one: one.needs, default=None)
    with promoting.granted_copy(actor, name, origin, protected) as grant:
        row = lock_name(actor, name)
        if origin is not None:
            _check_origin(actor, row, origin, is_protected=by_name is not None)
        version = _numbered(grant.act, actor, row, told, origin, grant.facts)
        if row.model is not None and version.version is None and digest:
            return claiming.claim_told(actor=actor, version=version, digest=digest)
        return version


def _numbered(
    act: Act,
    actor: User,
    row: RegisteredModel,
    told: NewVersion,
    origin: RegisteredVersion | None,
    facts: dict[str, Any],  # Any: JSON
) -> RegisteredVersion:
    """The next number. A copy inside one model of the inventory is the same version of it."""
    now = clock.now()
    same = origin.version if origin is not None and origin.version is not None else None
    if same is not None and same.model_id != row.model_id:
        same = None
    changes = {"last_number": row.last_number + 1, "touched_at": now}
    act.update(row, "experiment.numbered", changes, **facts)
    version = RegisteredVersion(
        registered=row, number=row.last_number, source=told.source, origin=origin,
        location=origin.location if origin is not None else told.source,
        run_id=told.run_id, run_link=told.run_link, logged_model=told.logged_model,
        tags=told.tags, description=told.description, registered_by=actor,
        registered_at=now, touched_at=now, version=same,
    )  # fmt: skip
    act.create(version, "experiment_version.registered")
    enriching.plan(version)
    return version


def _check_origin(
    actor: User, row: RegisteredModel, origin: RegisteredVersion, *, is_protected: bool
) -> None:
    """Raises Forbidden for a copy of what may not be loaded, or out of a confidential model; under
    a protected name of nobody's the copy claims it, which the actor must be allowed to.
    """
    loading.check_loadable(origin)
    model = origin.registered.model
    if model is None or model.pk == row.model_id:
        return
    if model.is_confidential:
        raise Forbidden(
            "confidential",
            _("What belongs to a confidential model is copied under its own names only."),
            field="source",
        )
    if not is_protected:
        return
    if row.model is not None:
        raise Forbidden(
            "other_model",
            _("“%(name)s” belongs to another model than the version.") % {"name": row.name},
            field="name",
        )
    claiming.claim_name(actor=actor, registered_id=row.pk, model=model)
    row.refresh_from_db()


def describe_model(*, actor: User, name: str, description: str) -> RegisteredModel:
    """The name has another description."""
    naming.check_length("description", description)
    with ledger.act(actor) as act:
        row = lock_name(actor, name)
        changes = {"description": description, "touched_at": clock.now()}
        return act.update(row, "experiment.described", changes)


def describe_version(*, actor: User, name: str, number: int, description: str) -> RegisteredVersion:
    """The version has another description."""
    naming.check_length("description", description)
    with ledger.act(actor) as act:
        row = lock_version(actor, name, number)
        changes = {"description": description, "touched_at": clock.now()}
        return act.update(row, "experiment_version.described", changes)


def rename(*, actor: User, name: str, new_name: str) -> RegisteredModel:
    """The name is another one. What is in service under it keeps its name.

    Raises Forbidden where a protected word points into the name, or either name is protected.
    """
    naming.check_name(new_name)
    with ledger.act(actor) as act:
        row = lock_name(actor, name)
        check_registrant(actor, row)
        _check_unclaimed(row)
        promoting.check_idle(row, new_name)
        if RegisteredModel.objects.filter(name=new_name, is_deleted=False).exists():
            raise _taken(new_name)
        changes = {"name": new_name, "touched_at": clock.now()}
        try:
            return act.update(row, "experiment.renamed", changes, was=name)
        except IntegrityError as error:
            raise _taken(new_name) from error


def delete_model(*, actor: User, name: str) -> RegisteredModel:
    """The name is free again; what it held stays in the ledger. Claimed names are never deleted."""
    with ledger.act(actor) as act:
        row = lock_name(actor, name)
        check_registrant(actor, row)
        _check_unclaimed(row)
        promoting.check_idle(row, name)
        delete_rows(act, row)
        return act.update(row, "experiment.deleted", {"is_deleted": True})


def _check_unclaimed(row: RegisteredModel) -> None:
    if row.model is not None:
        raise Forbidden(
            "claimed",
            "'%(name)s' belongs to model %(code)s of the inventory, which keeps its history:"
            " retire its releases instead.",
            field="name",
            params={"name": row.name, "code": row.model.code},
        )


def delete_rows(act: Act, row: RegisteredModel) -> None:
    """The versions of a name that goes are gone with it, and its aliases point nowhere."""
    for version in row.versions.filter(is_deleted=False):
        act.update(version, "experiment_version.deleted", {"is_deleted": True})
    for alias in row.aliases.filter(version__isnull=False):
        act.update(alias, "alias.deleted", {"version": None})


def delete_version(*, actor: User, name: str, number: int) -> RegisteredVersion:
    """The version is gone with its aliases; its number never comes back."""
    with ledger.act(actor) as act:
        row = lock_version(actor, name, number)
        check_registrant(actor, row.registered, row)
        if row.version is not None:
            raise Forbidden(
                "claimed",
                "Version %(number)s is version %(label)s of the inventory, which keeps its"
                " history: retire its releases instead.",
                field="version",
                params={"number": number, "label": row.version.label},
            )
        promoting.check_version_idle(row)
        for alias in RegisteredAlias.objects.filter(version=row):
            act.update(alias, "alias.deleted", {"version": None})
        changes = {"touched_at": clock.now()}
        act.update(row.registered, "experiment.version_deleted", changes, number=number)
        return act.update(row, "experiment_version.deleted", {"is_deleted": True})


def _check(told: NewVersion) -> None:
    naming.check_source(told.source)
    for name, value in (
        ("run_id", told.run_id), ("run_link", told.run_link), ("model_id", told.logged_model),
        ("description", told.description),
    ):  # fmt: skip
        naming.check_length(name, value)
    for key, value in told.tags.items():
        naming.check_tag(key, value)
    naming.check_tags(told.tags)


def _taken(name: str) -> DomainError:
    return DomainError(
        "resource_already_exists", "Registered Model (name=%(name)s) already exists.",
        field="name", status=400, params={"name": name},
    )  # fmt: skip
