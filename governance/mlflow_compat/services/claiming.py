"""Claiming: what was an experiment belongs to a model of the inventory, and is a version of it."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.utils.translation import gettext as _

from governance.mlflow_compat.models import Enrichment, RegisteredModel, RegisteredVersion
from governance.mlflow_compat.rules.searching import is_prompt
from registry.catalogue import queries as catalogue_queries
from registry.catalogue import services as catalogue
from registry.catalogue.models import AIModel, IdentityKind, ModelVersion
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User, UserKind
from registry.core.people.queries import standing
from registry.core.people.rules import Capability, Role

DIGEST_TAG = "sha256"  # of the version's files, where the pipeline tells it
_DIGEST = re.compile(r"[0-9a-f]{64}")


def claim_name(
    *, actor: User, registered_id: uuid.UUID, model: AIModel, is_new: bool = False
) -> RegisteredModel:
    """The name belongs to the model; one model may have several names.

    is_new: the actor registers the model in the same act.

    Raises Forbidden for anybody but its owner and model risk management, Conflict where the name
    belongs to a model already or to another legal entity, or is a prompt's.
    """
    _check_claimer(actor, model, is_new=is_new)
    with ledger.act(actor) as act:
        row = ledger.lock(RegisteredModel.objects.all(), registered_id)
        if row.is_deleted:
            raise Conflict("deleted", _("This name has been deleted."))
        if row.model_id is not None:
            raise Conflict("claimed_already", _("This name belongs to a model already."))
        if is_prompt(row.tags):
            raise Conflict("prompt", _("A prompt is no model: it is not claimed."))
        if row.entity_id != model.entity_id:
            raise Conflict(
                "other_entity",
                _("The experiment and the model belong to different legal entities."),
                field="model",
            )
        changes = {"model": model, "touched_at": clock.now()}
        return act.update(row, "experiment.claimed", changes)


def claim_version(
    *, actor: User, version_id: uuid.UUID, label: str, digest: str
) -> RegisteredVersion:
    """The version is one of the inventory: the model's version with this digest, or a new one.

    digest: sha256 of its files, 64 hexadecimal digits. Whoever registered it counts as a developer
    beside the actor. Raises Conflict before the name is claimed, and for a label that is taken.
    """
    with ledger.act(actor) as act:
        registered_id = RegisteredVersion.objects.values_list("registered_id", flat=True).get(
            pk=version_id
        )
        registered = ledger.lock(RegisteredModel.objects.select_related("model"), registered_id)
        rows = RegisteredVersion.objects.select_related("registered_by")
        row = ledger.lock(rows, version_id)
        if registered.model is None:
            raise Conflict(
                "name_unclaimed",
                _("The name belongs to no model yet."),
                hint=_("Claim the name first, as a new model or for one that exists."),
            )
        if row.version_id is not None or row.is_deleted:
            raise Conflict("claimed_already", _("This version has been claimed, or deleted."))
        row.registered = registered
        version = _version(actor, row, registered.model, label, check_digest(digest))
        catalogue.name_builders(actor=actor, version=version, builders=_builders(row))
        return act.update(row, "experiment_version.claimed", {"version": version})


def check_digest(digest: str) -> str:
    """The digest. Raises DomainError where it is none."""
    if not _DIGEST.fullmatch(digest):
        raise DomainError(
            "digest",
            _("A digest has 64 hexadecimal digits in small letters; this one is “%(digest)s”.")
            % {"digest": digest[:80]},
            field="digest",
            status=400,
        )
    return digest


def told_digest(tags: dict[str, str]) -> str:
    """The digest that the pipeline has told in a tag; empty without one. Raises DomainError."""
    told = tags.get(DIGEST_TAG, "")
    return check_digest(told) if told else ""


def claim_told(*, actor: User, version: RegisteredVersion, digest: str) -> RegisteredVersion:
    """The version, whose digest a pipeline has told, is one of the inventory; unless the digest is
    known already and nothing but the telling says that these are the same files: then a person
    claims it.
    """
    model = version.registered.model
    known = ModelVersion.objects.filter(model=model, digest=digest).first()
    if known is not None and not _lies_there(known, version.location):
        return version
    label = label_for(version)
    return claim_version(actor=actor, version_id=version.pk, label=label, digest=digest)


def _version(
    actor: User, row: RegisteredVersion, model: AIModel, label: str, digest: str
) -> ModelVersion:
    catalogue_queries.check_reach(actor, Capability.REGISTER_VERSION, model)
    proved = _check_told(row, digest)
    known = ModelVersion.objects.filter(model=model, digest=digest).first()
    if known is None:
        manifest, metrics = _found(row)
        told = catalogue.NewVersion(
            label=label,
            identity_kind=IdentityKind.ARTIFACT,
            digest=digest,
            manifest=manifest,
            metrics=metrics,
            source=row.location,
            notes=row.description,
        )
        return catalogue.register_version(actor=actor, model=model, version=told)
    if not proved and not _lies_there(known, row.location):
        _check_second_person(actor, row, model, known)
    return known


def _check_told(row: RegisteredVersion, digest: str) -> bool:
    """Whether the tracking server has found this digest. Raises Conflict where it found another."""
    asked = Enrichment.objects.filter(version=row, state="done").first()
    found = asked.found.get("digest") if asked is not None else ""
    if found and found != digest:
        raise Conflict(
            "digest_differs",
            _("The tracking server has found another digest: %(digest)s.") % {"digest": found},
            field="digest",
        )
    return bool(found)


def _lies_there(known: ModelVersion, location: str) -> bool:
    """Whether the known version's files are known to lie in the place."""
    claimed = RegisteredVersion.objects.filter(version=known, location=location)
    return known.source == location or claimed.exists()


def _check_second_person(
    actor: User, row: RegisteredVersion, model: AIModel, known: ModelVersion
) -> None:
    """That the files are those of a known version is the word of another than who brought them."""
    if actor.pk in {one.pk for one in _builders(row)} or not _is_claimer(actor, model):
        raise SegregationRefused(
            "second_person",
            _("That these are the files of version %(label)s is confirmed by the model's owner or"
              " model risk management, not by who registered them.") % {"label": known.label},
            field="digest",
        )  # fmt: skip


def _is_claimer(actor: User, model: AIModel) -> bool:
    risk = standing(actor).has_at(model.entity.path, Role.MODEL_RISK, Role.MODEL_RISK_HEAD)
    return risk or actor.pk == model.owner_id


def _check_claimer(actor: User, model: AIModel, *, is_new: bool) -> None:
    catalogue_queries.check_reach(actor, Capability.REGISTER, model)
    if not is_new and not _is_claimer(actor, model):
        raise Forbidden(
            "not_yours",
            _("For a model its owner and model risk management claim experiments."),
            field="model",
        )


def _builders(row: RegisteredVersion) -> list[User]:
    """The persons who registered it, and what it is a copy of: by their own acts."""
    found: dict[uuid.UUID, User] = {}
    one: RegisteredVersion | None = row
    while one is not None:
        if one.registered_by.kind == UserKind.PERSON:
            found[one.registered_by.pk] = one.registered_by
        one = one.origin
    return list(found.values())


def _found(row: RegisteredVersion) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: JSON
    """What the tracking server has told of it: the manifest's part, and the metrics."""
    asked = Enrichment.objects.filter(version=row, state="done").first()
    if asked is None:
        return {}, {}
    told = {"run": row.run_id, "logged_model": row.logged_model} | {
        name: asked.found.get(name) for name in ("parameters", "flavors", "signature", "run_name")
    }
    return {name: value for name, value in told.items() if value}, asked.found.get("metrics") or {}


def label_for(row: RegisteredVersion) -> str:
    """A label that the model does not have yet: the number, else with the name before it."""
    taken = ModelVersion.objects.filter(model=row.registered.model, label=str(row.number))
    return f"{row.registered.name[:48]} {row.number}" if taken.exists() else str(row.number)
