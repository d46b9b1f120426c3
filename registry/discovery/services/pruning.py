"""What was seen and is no more is kept for a while; differences are governed, and stay."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q, QuerySet

from registry.core import clock
from registry.discovery.models import KnownName, Scan, ScanState, Seen, Sighting

KEPT = dt.timedelta(days=180)
CHUNK = 2_000
MOST_CHUNKS = 20


def prune() -> int:
    """Things that have been gone for half a year, and scans of before, are gone; how many.

    What a difference shows stays, and so do names that belong to models: by them it is known what
    a source could show.
    """
    before = clock.now() - KEPT
    known = KnownName.objects.filter(source=OuterRef("source"), name=OuterRef("name"), is_open=True)
    shown = Sighting.objects.filter(seen=OuterRef("pk"))
    things = Seen.objects.filter(
        Q(is_there=False) | Q(source__is_open=False),
        ~Exists(known), ~Exists(shown), last_seen__lt=before,
    )  # fmt: skip
    scans = Scan.objects.filter(
        ~Exists(Seen.objects.filter(scan=OuterRef("pk"))), asked_at__lt=before
    ).exclude(state__in=[ScanState.WAITING, ScanState.RUNNING])
    return _gone(things) + _gone(scans)


def _gone(rows: QuerySet[Seen] | QuerySet[Scan]) -> int:
    gone = 0
    for _turn in range(MOST_CHUNKS):
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK])
        gone += rows.model.objects.filter(pk__in=keys).delete()[0]
        if len(keys) < CHUNK:
            break
    return gone
