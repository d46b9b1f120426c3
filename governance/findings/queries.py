"""Reading findings and waivers."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.db import models

from governance.findings.models import Finding, Waiver
from registry.catalogue.queries import may_be_seen
from registry.core import clock
from registry.core.people.models import User
from registry.releases.models import Release


def visible_to(user: User) -> models.QuerySet[Finding]:
    """Findings about the releases the person may see."""
    return Finding.objects.filter(may_be_seen(user, "release__model_use__model__"))


def visible_waivers(user: User) -> models.QuerySet[Waiver]:
    """Waivers for the releases the person may see."""
    return Waiver.objects.filter(may_be_seen(user, "release__model_use__model__"))


def not_closed(release: Release) -> models.QuerySet[Finding]:
    """Findings that are open or planned."""
    return Finding.objects.filter(release=release).exclude(state="closed")


def waived(release: Release) -> set[str]:
    """The requirements for which a waiver is in force today."""
    rows = Waiver.objects.filter(release=release, state="granted", expires_on__gte=clock.today())
    return set(rows.values_list("requirement", flat=True))


def waived_of(rows: Iterable[Release]) -> dict[uuid.UUID, set[str]]:
    """The same of several releases, in one statement."""
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    granted = Waiver.objects.filter(release__in=rows, state="granted")
    for row in granted.filter(expires_on__gte=clock.today()):
        found[row.release_id].add(row.requirement)
    return found


def lapsed(release: Release) -> set[str]:
    """The requirements whose waiver has run out and was not renewed."""
    rows = Waiver.objects.filter(release=release, state="granted", expires_on__lt=clock.today())
    return set(rows.values_list("requirement", flat=True)) - waived(release)
