"""Aliases and MLflow's stages: words that point to a version. Some of them promote."""

from __future__ import annotations

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredAlias, RegisteredVersion, Stage
from governance.mlflow_compat.rules import naming
from governance.mlflow_compat.services import promoting
from governance.mlflow_compat.services.holding import lock_name, lock_version
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.people.models import User


def set_alias(*, actor: User, name: str, alias: str, number: int) -> RegisteredAlias:
    """The alias points to the version. A protected one only to what may be where it leads."""
    naming.check_alias(alias)
    protected = queries.active_section().by_alias(name, alias)
    with promoting.granted(actor, name, number, protected) as grant:
        act = grant.act
        version = grant.check(lock_version(actor, name, number, moving=True))
        registered = version.registered
        rows = RegisteredAlias.objects.select_for_update(of=("self",), no_key=True)
        row = rows.filter(registered=registered, alias=alias).select_related("version").first()
        act.update(registered, "experiment.aliased", {"touched_at": clock.now()}, alias=alias)
        if row is None:
            made = RegisteredAlias(registered=registered, alias=alias, version=version)
            return act.create(made, "alias.set", number=number, **grant.facts)
        was = row.version.number if row.version is not None else None
        return act.update(
            row, "alias.set", {"version": version}, number=number, was=was, **grant.facts
        )


def delete_alias(*, actor: User, name: str, alias: str) -> None:
    """The alias points nowhere. A protected one is taken away by whoever moves releases."""
    protected = queries.active_section().by_alias(name, alias)
    with ledger.act(actor) as act:
        registered = lock_name(actor, name, moving=True)
        rows = RegisteredAlias.objects.select_for_update(of=("self",), no_key=True)
        row = rows.filter(
            registered=registered, alias=alias, version__isnull=False
        ).first()  # fmt: skip
        if row is None:
            return
        promoting.check_demoter(actor, registered, protected)
        act.update(registered, "experiment.aliased", {"touched_at": clock.now()}, alias=alias)
        act.update(row, "alias.deleted", {"version": None})


def transition(
    *, actor: User, name: str, number: int, stage: str, archive_existing: bool
) -> RegisteredVersion:
    """The version is in MLflow's stage; others that were in it are archived where that is wanted.

    Raises DomainError where the stage promotes and the gate is shut, where the version is taken
    out of a protected stage by somebody who moves nothing, and for archiving into other stages.
    """
    to = naming.stage_of(stage)
    if archive_existing and to not in (Stage.STAGING, Stage.PRODUCTION):
        raise naming.invalid(
            "'archive_existing_versions' goes with the stages Staging and Production, not with"
            " %(stage)s.", "archive_existing_versions", stage=to,
        )  # fmt: skip
    section = queries.active_section()
    with promoting.granted(actor, name, number, section.by_stage(name, to)) as grant:
        act = grant.act
        row = grant.check(lock_version(actor, name, number, moving=True))
        now = clock.now()
        if row.stage != to:
            promoting.check_demoter(actor, row.registered, section.by_stage(name, row.stage))
        others = RegisteredVersion.objects.filter(
            registered=row.registered, stage=to, is_deleted=False
        ).exclude(pk=row.pk)
        for other in others.order_by("number") if archive_existing else ():
            changes = {"stage": Stage.ARCHIVED, "touched_at": now}
            act.update(other, "experiment_version.staged", changes, was=other.stage)
        act.update(row.registered, "experiment.staged", {"touched_at": now}, number=number)
        changes = {"stage": to, "touched_at": now}
        return act.update(row, "experiment_version.staged", changes, was=row.stage, **grant.facts)
