"""Which deployments to production a permit covers. A report is a fact, with or without one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from governance.permits.models import Permit, PermitKind, PermitUse
from registry.releases.models import Deployment, DeploymentRole, Environment


def uncovered(deployments: QuerySet[Deployment]) -> QuerySet[Deployment]:
    """Of the deployments to production those that no permit covers: of another digest, place or
    time than the permit that they name, or than any where they name none.

    What was told of a break-glass permit covers deployments of its digest while it lasted.
    """
    told = PermitUse.objects.filter(
        permit__model_use=OuterRef("release__model_use"), digest=OuterRef("digest"),
        permit__environment=OuterRef("environment"),
        permit__issued_at__lte=OuterRef("deployed_at"),
        permit__expires_at__gte=OuterRef("deployed_at"),
    )  # fmt: skip
    rows = deployments.filter(environment=Environment.PRODUCTION).exclude(role=DeploymentRole.OFF)
    return rows.filter(~Exists(_normal()), ~Exists(told))


def covering(deployments: Iterable[Deployment]) -> dict[uuid.UUID, Permit]:
    """Deployment → the permit that covers it; one statement."""
    keys = [one.pk for one in deployments]
    rows = Deployment.objects.filter(pk__in=keys).annotate(
        by=_normal().order_by("-issued_at").values("pk")[:1]
    )
    found = {key: by for key, by in rows.values_list("pk", "by") if by}
    permits = Permit.objects.in_bulk(set(found.values()))
    return {key: permits[by] for key, by in found.items()}


def _normal() -> QuerySet[Permit]:
    """The permits that cover the deployment outside: by their digest, place, release and time."""
    return Permit.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gte=OuterRef("deployed_at")),
        Q(pk=Coalesce(OuterRef("permit"), F("pk"))),
        kind=PermitKind.NORMAL, digest=OuterRef("digest"), environment=OuterRef("environment"),
        release=OuterRef("release"), issued_at__lte=OuterRef("deployed_at"),
        expires_at__gte=OuterRef("deployed_at"),
    )  # fmt: skip
