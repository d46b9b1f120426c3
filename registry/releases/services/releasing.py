"""Verbs about releases themselves. The stage is not among them: see staging.py."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.utils.translation import gettext as _

from registry.catalogue.models import ModelVersion
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Actor, Warrant
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.core.web.concurrency import check_version
from registry.releases.models import Release, Stage
from registry.usecases.models import ModelUse
from registry.usecases.queries import check_reach


def open_release(*, actor: User, use: ModelUse, version: ModelVersion | None = None) -> Release:
    """A release of the use exists at S0, with or without a version yet."""
    check_reach(actor, Capability.REGISTER, use)
    _check_same_model(use, version)
    with ledger.act(actor) as act:
        if version and Release.objects.filter(model_use=use, version=version).exists():
            raise Conflict("already_released", _("This version has a release for this use."))
        release = Release(
            code=ledger_queries.next_code("REL"),
            model_use=use,
            version=version,
            stage_since=clock.now(),
        )
        return act.create(release, "release.opened")


def attach_version(
    *,
    actor: User,
    release_id: uuid.UUID,
    version: ModelVersion,
    expected_version: int | None = None,
) -> Release:
    """The release is of this version. Possible until it has once been in validation (S2)."""
    with ledger.act(actor) as act:
        release = lock(release_id)
        check_reach(actor, Capability.REGISTER_VERSION, release.model_use)
        check_version(expected_version, release.row_version)
        _check_same_model(release.model_use, version)
        if release.version_is_fixed or release.stage not in (Stage.S0, Stage.S1):
            raise Conflict(
                "version_fixed",
                _("From validation on the version of a release is fixed."),
                field="version",
                hint=_("Open a new release for the new version."),
            )
        if Release.objects.filter(model_use=release.model_use, version=version).exists():
            raise Conflict("already_released", _("This version has a release for this use."))
        return act.update(release, "release.version_attached", {"version": version})


def record_validation(
    *, actor: Actor, release: Release, conclusion: str, explainability_level: str
) -> Release:
    """The release, locked by the caller, carries the validation's conclusion and level."""
    changes = {
        "validation_conclusion": conclusion,
        "explainability_level": explainability_level,
    }
    with ledger.act(actor) as act:
        return act.update(release, "release.validated", changes)


def record_explainability(*, actor: Actor, release: Release, level: str) -> Release:
    """The release, locked by the caller, carries the level that a review has found.

    Another level is another material state: the release needs another approval for its next move.
    """
    if release.explainability_level == level:
        return release
    was = release.explainability_level
    with ledger.act(actor) as act:
        return act.update(release, "release.explained", {"explainability_level": level}, was=was)


def record_approval(
    *, actor: Actor, release: Release, digest: str, until: dt.date, warrant: Warrant
) -> Release:
    """The release, locked by the caller, is approved in this material state until the day.

    Raises ValueError for a warrant that is about another state.
    """
    if warrant.digest != digest:
        raise ValueError("The warrant is about another state.")
    changes = {"approved_digest": digest, "approved_until": until}
    with ledger.act(actor) as act:
        act.update(release, "release.approved", changes)
        act.spend(warrant, release)
    return release


def end_approval(*, actor: Actor, release: Release, warrant: Warrant) -> Release:
    """The release, locked by the caller, is not approved any more; the warrant is spent.

    The warrant is an `approval.grant_ended` about the digest that was approved. Raises ValueError
    for one that is about another state, or where nothing is approved.
    """
    if not release.approved_digest or warrant.digest != release.approved_digest:
        raise ValueError("The warrant is about another state.")
    changes = {"approved_digest": "", "approved_until": None}
    with ledger.act(actor) as act:
        act.update(release, "release.approval_ended", changes)
        act.spend(warrant, release)
    return release


def lock(release_id: uuid.UUID) -> Release:
    """The release, locked, with its version and use. Material changes and votes wait for it."""
    rows = Release.objects.select_related(
        "version", "model_use__model", "model_use__use_case", "model_use__entity"
    )
    return ledger.lock(rows, release_id)


def lock_all(releases: models.QuerySet[Release]) -> list[Release]:
    """The releases, locked in the order of their keys: a change of something they share."""
    return list(releases.exclude(stage=Stage.S8).select_for_update(of=("self",)).order_by("pk"))


def _check_same_model(use: ModelUse, version: ModelVersion | None) -> None:
    if version is not None and version.model_id != use.model_id:
        raise DomainError(
            "other_model", _("The version is of another model than the use."), field="version"
        )
