"""What people do about a difference: whose it is, what runs, or why it does not matter."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.utils.translation import gettext as _

from registry.catalogue.models import AIModel, ModelVersion
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.people import queries as people
from registry.core.people.models import User, UserKind
from registry.core.people.rules import Capability
from registry.discovery import queries
from registry.discovery.models import KnownName, Sighting, SightingKind, SightingState
from registry.discovery.services.comparing import endpoint_of, record_as_seen, was_recorded
from registry.releases import queries as release_queries
from registry.releases import services as releases
from registry.releases.models import DeploymentRole, Environment, Release
from registry.releases.services import Deployed

LEAST_WORDS = 6  # characters of a reason that says something
LONGEST = dt.timedelta(days=366)  # for which a difference can be dismissed


def link(
    *,
    actor: User,
    sighting_id: uuid.UUID,
    model: AIModel,
    version: ModelVersion | None = None,
    reason: str = "",
) -> Sighting:
    """The name belongs to the model; with a version, what was seen is that version of ours.

    Raises Forbidden for others than model risk and the model's owner, and for whoever owns or has
    built the model where a version is named and approval is needed; Conflict where it has been
    answered, DomainError for a version of another model.
    """
    with ledger.act(actor) as act:
        row = _lock(sighting_id)
        _check(actor, row, own=model.owner_id == actor.pk)
        if version is not None:
            _check_clears(queries.may_clear(actor, row, model))
        return _linked(act, actor, row, model, version, reason)


def register(*, actor: User, sighting_id: uuid.UUID, model: AIModel) -> Sighting:
    """The name belongs to the model that the actor registers in the same act."""
    people.require_at(actor, Capability.REGISTER, model.entity)
    if actor.kind != UserKind.PERSON:
        raise _not_yours()
    with ledger.act(actor) as act:
        row = _lock(sighting_id)
        if row.kind != SightingKind.UNKNOWN:
            raise Conflict("known_already", _("This name belongs to a model already."))
        _check_open(row)
        return _linked(act, actor, row, model, None, model.code)


def accept(*, actor: User, sighting_id: uuid.UUID, reason: str) -> Sighting:
    """What was seen is so, and the register says it from now on.

    Missing: the deployment has ended, or the name is no longer there. Another version: it is
    deployed as it was seen. Other bytes: noted; what runs in production is recorded, if it has not
    been already. The name is the model's from then on, since a person says so.
    """
    _check_reason(reason)
    with ledger.act(actor) as act:
        row = _lock(sighting_id)
        _check(actor, row)
        if row.kind == SightingKind.IDENTITY_MISMATCH:  # noted, and then nobody looks again
            _check_clears(queries.may_clear(actor, row, row.model))
        match row.kind:
            case SightingKind.UNKNOWN:
                raise DomainError(
                    "no_model",
                    _("Say which model of the register this is, or register it."),
                    field="model",
                )
            case SightingKind.MISSING:
                _end(act, row)
            case SightingKind.VERSION_DRIFT:
                _record_version(row)
            case SightingKind.IDENTITY_MISMATCH:
                _record_bytes(row)
        if row.kind != SightingKind.MISSING and row.model is not None:
            _name(act, actor, row, row.model, "", None)
        return act.update(row, "sighting.accepted", _answer(SightingState.ACCEPTED, actor, reason))


def dismiss(
    *, actor: User, sighting_id: uuid.UUID, reason: str, until: dt.date | None = None
) -> Sighting:
    """The difference does not matter, for this reason; until the day, or until it changes.

    Raises Forbidden for the model's owner and developers, where what runs needs approval.
    """
    _check_reason(reason)
    if until is not None and not clock.today() < until <= clock.today() + LONGEST:
        raise DomainError("bad_day", _("The day lies ahead, and not beyond a year."), field="until")
    with ledger.act(actor) as act:
        row = _lock(sighting_id)
        _check(actor, row)
        _check_clears(queries.may_dismiss(actor, row))
        return act.update(
            row, "sighting.dismissed",
            _answer(SightingState.DISMISSED, actor, reason) | {"comes_back_on": until},
        )  # fmt: skip


def _linked(
    act: Act,
    actor: User,
    row: Sighting,
    model: AIModel,
    version: ModelVersion | None,
    reason: str,
) -> Sighting:
    if version is not None and version.model_id != model.pk:
        raise DomainError("other_model", _("The version is of another model."), field="version")
    if version is not None and row.digest not in ("", version.digest):
        raise DomainError(
            "other_bytes",
            _("The bytes there are not those of this version: their digests differ."),
            field="version",
            hint=_("Register what runs there as a version of its own."),
        )
    if row.model_id is not None and row.model_id != model.pk:
        raise Conflict(
            "known_already",
            _("This name belongs to another model already."),
            field="model",
        )
    if row.kind == SightingKind.MISSING:
        raise DomainError(
            "not_to_link", _("What is not there cannot be linked: confirm that it has ended.")
        )
    if row.kind != SightingKind.UNKNOWN and version is None:
        raise DomainError(
            "no_version",
            _("The model is known: say which of its versions this is."),
            field="version",
        )
    _name(act, actor, row, model, "", None)
    if version is not None:
        _name(act, actor, row, model, row.version, version)
    return act.update(
        row, "sighting.accepted",
        _answer(SightingState.ACCEPTED, actor, reason or model.code) | {"model": model},
    )  # fmt: skip


def _name(
    act: Act, actor: User, row: Sighting, model: AIModel, version: str, known: ModelVersion | None
) -> None:
    """The name, or a version under it, is the model's from now on."""
    found = KnownName.objects.filter(source=row.source, name=row.name, version=version).first()
    if found is None:
        told = KnownName(
            source=row.source, name=row.name, version=version, model=model, known_version=known,
            linked_by=actor, linked_at=clock.now(),
        )  # fmt: skip
        act.create(told, "known_name.linked")
        return
    found = ledger.lock(KnownName.objects.all(), found.pk)
    if (found.model_id, found.known_version_id, found.is_open) == (
        model.pk, known.pk if known else None, True,
    ):  # fmt: skip
        return
    changes = {"model": model, "known_version": known, "is_open": True}
    said = {"linked_by": actor, "linked_at": clock.now()}
    act.update(found, "known_name.linked", changes | said)


def _end(act: Act, row: Sighting) -> None:
    """The deployment has ended; of a name alone, it is no longer there."""
    if row.deployment is not None:
        one = row.deployment
        release = release_queries.whole(Release.objects.filter(pk=one.release_id)).get()
        told = Deployed(
            release, one.environment, one.digest, endpoint=one.endpoint, traffic_percent=0,
            role=DeploymentRole.OFF, reference=f"sighting:{row.pk}:{row.row_version}:end",
        )  # fmt: skip
        # By the system: who may answer for models need not be somebody who deploys them.
        releases.record_deployments(actor=people.system(), told=[told])
        return
    for name in KnownName.objects.filter(source=row.source, name=row.name, is_open=True):
        found = ledger.lock(KnownName.objects.all(), name.pk)
        act.update(found, "known_name.unlinked", {"is_open": False})


def _record_bytes(row: Sighting) -> None:
    """Other bytes run in production: so far only a digest told whose the name is."""
    is_live = row.environment == Environment.PRODUCTION and bool(row.digest)
    if is_live and row.model is not None and not was_recorded(row):
        record_as_seen(row, queries.approved_releases(row.source, row.model.pk))


def _record_version(row: Sighting) -> None:
    """The version that was seen is deployed, for its own release where it has one.

    In production it counts for the release that is approved there: BR-09 restricts that use, as it
    would if a pipeline had reported other bytes for it (regulations II.3.4, C6).
    """
    if row.release is None:
        raise DomainError(
            "nothing_approved",
            _("Nothing of this model is approved there, so that no release can be deployed."),
            hint=_("Have the version approved, or dismiss the difference with its reason."),
        )
    version = ModelVersion.objects.filter(model=row.model, digest=row.digest).first()
    if not row.digest:
        raise DomainError(
            "no_digest",
            _("The source tells no digest of what runs there."),
            field="version",
            hint=_("Say which version of ours it is."),
        )
    own = Release.objects.filter(model_use=row.release.model_use_id, version=version).first()
    is_live = row.environment == Environment.PRODUCTION
    chosen = row.release if own is None or version is None or is_live else own
    release = release_queries.whole(Release.objects.filter(pk=chosen.pk)).get()
    told = Deployed(
        release, row.environment, row.digest, endpoint=endpoint_of(row),
        reference=f"sighting:{row.pk}:{row.row_version}:seen",
    )  # fmt: skip
    releases.record_deployments(actor=people.system(), told=[told])


def _answer(state: SightingState, actor: User, reason: str) -> dict[str, Any]:  # Any: column values
    """What the row holds of a person's answer."""
    return {"state": state, "state_since": clock.now(), "decided_by": actor, "reason": reason}


def _lock(sighting_id: uuid.UUID) -> Sighting:
    return ledger.lock(queries.whole(Sighting.objects.all()), sighting_id)


def _check(actor: User, row: Sighting, *, own: bool = False) -> None:
    people.require(actor, Capability.ANSWER_SIGHTINGS)
    if actor.kind != UserKind.PERSON or not (own or queries.may_answer(actor, row)):
        raise _not_yours()
    _check_open(row)


def _not_yours() -> Forbidden:
    return Forbidden(
        "not_yours",
        _("Model risk management answers this, or the owner of the model."),
        field=Capability.ANSWER_SIGHTINGS.value,
    )


def _check_clears(may: bool) -> None:
    if not may:
        raise Forbidden(
            "needs_model_risk",
            _(
                "Where approval is needed, model risk management says which version runs and what"
                " does not matter: nobody who owns or has built the model."
            ),
            field=Capability.ANSWER_SIGHTINGS.value,
            hint=_("Link the name alone, confirm another version, or ask model risk management."),
        )


def _check_open(row: Sighting) -> None:
    if row.state != SightingState.OPEN:
        raise Conflict("answered_already", _("This difference has been answered, or is gone."))


def _check_reason(reason: str) -> None:
    if len(reason.strip()) < LEAST_WORDS:
        raise DomainError(
            "text_needed",
            _("At least %(least)s characters say why.") % {"least": LEAST_WORDS},
            field="reason",
        )
