"""The drill that a review of drills looks at: one since the last such review, or since going live.

Regulations II.4.2, RI-15, and PR-09.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings

from governance.reviews.models import Review
from governance.suspensions import queries as suspensions
from governance.suspensions.models import DrillReport
from registry.releases.models import Release


def wanted_since(row: Review) -> dt.datetime:
    """From when on a drill counts: the last review of the kind, else since the release is live."""
    release = _release(row)
    last = (
        Review.objects.filter(release=release, kind=row.kind, state__in=["signed_off", "recorded"])
        .exclude(pk=row.pk)
        .order_by("-done_on", "-submitted_at")
        .first()
    )
    if last is None or last.done_on is None:
        return release.stage_since
    if last.submitted_at is not None:
        return last.submitted_at
    zone = ZoneInfo(settings.TIME_ZONE)
    return dt.datetime.combine(last.done_on, dt.time(), zone)


def report_for(row: Review) -> DrillReport | None:
    """The countersigned report of the last drill that counts for the review; None where none is."""
    drills = suspensions.drills_of(_release(row)).filter(ordered_at__gt=wanted_since(row))
    used = Review.objects.filter(drill_report__isnull=False).exclude(pk=row.pk)
    drill = drills.exclude(drill_report__in=used.values("drill_report")).first()
    return None if drill is None else drill.drill_report


def _release(row: Review) -> Release:
    assert row.release is not None  # noqa: S101 (such a kind is for releases)
    return row.release
