"""Reading releases; the material facts that an approval is about."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import models

from registry.catalogue.queries import may_be_seen
from registry.core import clock
from registry.core.ledger.rules import digest_of
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence
from registry.releases import rules
from registry.releases.models import Deployment, Environment, Release, Stage
from registry.usecases import queries as usecases


def visible_to(user: User) -> models.QuerySet[Release]:
    """The releases of the models that the person may see."""
    return Release.objects.filter(may_be_seen(user, "model_use__model__"))


def visible_ids(user: User) -> models.QuerySet[Release, uuid.UUID]:
    """Their keys, for a subquery."""
    return visible_to(user).values_list("pk", flat=True)


def of_key_or_code(queryset: models.QuerySet[Release], told: uuid.UUID | str) -> Release:
    """The release with this key, or with this code. Raises NotFound, alike for what is hidden."""
    found = None if isinstance(told, uuid.UUID) else queryset.filter(code=told).first()
    return found or get_or_refuse(queryset, told)


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


def running(
    deployments: models.QuerySet[Deployment],
    at: dt.datetime | None = None,
    *,
    across: str = "release__model_use",
) -> list[Deployment]:
    """Of the reports those that run (at that moment, else by all of them), oldest first.

    across: within what a champion ends what ran before; by default the use. One statement, which
    reads nothing from before the last champion with all the traffic at each place.
    """
    same = {name: models.OuterRef(name) for name in (across, "environment", "endpoint")}
    before = {"deployed_at__lte": at} if at is not None else {}
    turn = Deployment.objects.filter(**same, **before, role=rules.CHAMPION, traffic_percent=100)
    began = models.Subquery(turn.order_by("-deployed_at").values("deployed_at")[:1])
    rows = (
        deployments.filter(**before)
        .annotate(began=began)
        .filter(models.Q(began=None) | models.Q(deployed_at__gte=models.F("began")))
        .select_related("release__version", "release__model_use")
        .order_by("deployed_at", "created_at", "pk")
    )
    return [one.key for one in rules.running(map(report_of, rows))]


def report_of(row: Deployment) -> rules.Report[Deployment]:
    """The report as the rules read it: its place is that of the use, whichever the release."""
    place = (str(row.release.model_use_id), row.environment, row.endpoint)
    return rules.Report(row, place, row.digest, row.role, row.traffic_percent, row.deployed_at)


def running_of(release: Release, environment: Environment) -> list[Deployment]:
    """What runs there of this release alone, oldest first."""
    here = Deployment.objects.filter(release=release, environment=environment)
    return running(here, across="release")


def running_of_use(use_id: uuid.UUID) -> list[Deployment]:
    """What runs anywhere of the use's releases, oldest first."""
    return running(Deployment.objects.filter(release__model_use=use_id))


def ran_before(
    release: Release, environment: str, endpoint: str, at: dt.datetime
) -> Deployment | None:
    """What ran last at the place before the moment, of whichever release of the use."""
    here = Deployment.objects.filter(
        release__model_use=release.model_use_id, environment=environment, endpoint=endpoint
    )
    found = running(here, at)
    return found[-1] if found else None


def approved_digests(use_id: uuid.UUID) -> dict[str, Release]:
    """Digest → the release of the use that is approved with it today and not retired."""
    rows = Release.objects.filter(
        models.Q(approved_until=None) | models.Q(approved_until__gte=clock.today()),
        model_use=use_id, version__isnull=False,
    ).exclude(models.Q(approved_digest="") | models.Q(stage=Stage.S8))  # fmt: skip
    return {one.version.digest: one for one in rows.select_related("version") if one.version}


def visible_deployments(user: User) -> models.QuerySet[Deployment]:
    """The deployments of the releases that the person may see."""
    return Deployment.objects.filter(may_be_seen(user, "release__model_use__model__"))
