"""What was deployed while a break-glass permit held, and what explains it."""

from __future__ import annotations

import uuid

from django.db.models import Exists, OuterRef, Q

from governance.permits.models import Permit, PermitKind, PermitUse
from governance.suspensions import queries as suspensions
from registry.core import clock
from registry.releases.models import Deployment, Release, Stage


def unexplained(row: Permit) -> list[Deployment]:
    """Deployments on record there until its end that neither a permit nor a report explains.

    Its end is the one that it says: where nothing can be asked, a revocation is not known. One
    report, of this or another break-glass permit for the use, explains one deployment of the digest
    that it tells, the nearest in time.
    """
    permits = Permit.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gte=OuterRef("deployed_at")),
        kind=PermitKind.NORMAL, digest=OuterRef("digest"), environment=row.environment,
        release=OuterRef("release"), issued_at__lte=OuterRef("deployed_at"),
        expires_at__gte=OuterRef("deployed_at"),
    )  # fmt: skip
    uses = list(
        PermitUse.objects.filter(
            permit__model_use=row.model_use_id, permit__environment=row.environment
        ).order_by("reported_at", "pk")
    )
    within = Q(deployed_at__gte=row.issued_at, deployed_at__lte=row.expires_at)
    found = Deployment.objects.filter(
        ~Exists(permits), within | Q(digest__in={one.digest for one in uses}),
        release__model_use=row.model_use_id, environment=row.environment,
    ).order_by("deployed_at", "pk")  # fmt: skip
    rows = list(found)
    explained = _explained(rows, uses)
    return [
        one
        for one in rows
        if one.pk not in explained and row.issued_at <= one.deployed_at <= row.expires_at
    ]


def _explained(rows: list[Deployment], uses: list[PermitUse]) -> set[uuid.UUID]:
    """The deployments that a report is about, one each; the nearest pairs first."""
    pairs = sorted(
        (abs(use.deployed_at - row.deployed_at), order, index)
        for order, row in enumerate(rows)
        for index, use in enumerate(uses)
        if use.digest == row.digest
    )
    explained: dict[int, int] = {}
    taken: set[int] = set()
    for _apart, order, index in pairs:
        if order not in explained and index not in taken:
            explained[order] = index
            taken.add(index)
    return {rows[order].pk for order in explained}


def may_run(use_id: uuid.UUID, digest: str | None = None) -> bool:
    """Whether the use has a release (of a version with the digest) that is approved, neither
    retired nor stopped.
    """
    rows = Release.objects.filter(
        Q(approved_until=None) | Q(approved_until__gte=clock.local_day(clock.now())),
        model_use=use_id,
    ).exclude(Q(approved_digest="") | Q(stage=Stage.S8))
    if digest is not None:
        rows = rows.filter(version__digest=digest)
    return any(not suspensions.is_stopped(row) for row in rows)
