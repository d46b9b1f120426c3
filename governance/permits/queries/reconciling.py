"""What was deployed while a break-glass permit held, and what explains it."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q

from governance.permits.models import Permit, PermitKind
from registry.releases.models import Deployment


def unexplained(row: Permit) -> models.QuerySet[Deployment]:
    """Deployments on record there while it held that neither a permit nor a report explains."""
    end = min(row.expires_at, row.revoked_at or row.expires_at)
    permits = Permit.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gte=OuterRef("deployed_at")),
        kind=PermitKind.NORMAL, digest=OuterRef("digest"), environment=row.environment,
        release=OuterRef("release"), issued_at__lte=OuterRef("deployed_at"),
        expires_at__gte=OuterRef("deployed_at"),
    )  # fmt: skip
    return Deployment.objects.filter(
        ~Exists(permits), release__model_use=row.model_use_id, environment=row.environment,
        deployed_at__gte=row.issued_at, deployed_at__lte=end,
    ).exclude(digest__in=row.uses.values("digest")).order_by("deployed_at", "pk")  # fmt: skip
