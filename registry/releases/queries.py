"""Reading releases; the material facts that an approval is about."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from registry.catalogue.queries import may_be_seen
from registry.core.ledger.rules import digest_of
from registry.core.people.models import LegalEntity, User
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence
from registry.releases.models import Deployment, Environment, Release
from registry.usecases import queries as usecases


def visible_to(user: User) -> models.QuerySet[Release]:
    """The releases of the models that the person may see."""
    return Release.objects.filter(may_be_seen(user, "model_use__model__"))


def visible_ids(user: User) -> models.QuerySet[Release, uuid.UUID]:
    """Their keys, for a subquery."""
    return visible_to(user).values_list("pk", flat=True)


def whole(queryset: models.QuerySet[Release]) -> models.QuerySet[Release]:
    """The releases with what nearly every reader needs, in one statement."""
    return queryset.select_related(
        "version", "model_use__model__owner", "model_use__use_case__owner", "model_use__entity"
    )


def check_reach(user: User, capability: Capability, release: Release) -> None:
    """The button exists for the person where the release is used, or for what they own."""
    usecases.check_reach(user, capability, release.model_use)


def place(release: Release) -> tuple[LegalEntity, set[uuid.UUID]]:
    """The entity in which the release is used, and its owners."""
    return usecases.place(release.model_use)


def subjects_of(release: Release) -> list[uuid.UUID]:
    """The things whose documents count for the release: itself, its version, use, case, model."""
    found = [
        release.pk,
        release.model_use_id,
        release.model_use.use_case_id,
        release.model_use.model_id,
    ]
    return [*found, release.version_id] if release.version_id else found


def material_facts(release: Release) -> dict[str, Any]:  # Any: JSON
    """What an approval is about: if any of it changes, the approval no longer holds.

    Names, descriptions and immaterial kinds of documents are not in it; nor does a document that
    merely lapses change it (the gate asks for its renewal).
    """
    use = release.model_use
    kinds = evidence.kinds()
    documents = evidence.latest(subjects_of(release)).values_list("kind", "sha256")
    return {
        "release": str(release.pk),
        "version": release.version.digest if release.version else "",
        "tier": use.tier,
        "grade": use.grade_digest,
        "flags": use.flags,
        "entity": str(use.entity_id),
        "purpose": use.use_case.purpose,
        "prohibited_uses": use.use_case.prohibited_uses,
        "is_uninterruptible": use.is_uninterruptible,
        "validation": release.validation_conclusion,
        "explainability_level": release.explainability_level,
        "documents": sorted(
            [kind, sha256] for kind, sha256 in documents if kind in kinds and kinds[kind].material
        ),
        "policy": policy.active_pack().sha256,
    }


def material_digest(release: Release) -> str:
    """The digest of the material facts as they now are."""
    return digest_of(material_facts(release))


def latest_deployment(release: Release, environment: Environment) -> Deployment | None:
    """What was last deployed there."""
    return (
        Deployment.objects.filter(release=release, environment=environment)
        .order_by("-deployed_at", "-created_at")
        .first()
    )


def visible_deployments(user: User) -> models.QuerySet[Deployment]:
    """The deployments of the releases that the person may see."""
    return Deployment.objects.filter(may_be_seen(user, "release__model_use__model__"))
