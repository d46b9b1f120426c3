"""The log of messages is kept for a while; the ledger knows the events for good."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from governance.webhooks.models import Sending
from registry.core import clock

CHUNK = 5_000
MOST_CHUNKS = 40


def prune() -> int:
    """What is over and older than MINGCE_WEBHOOK_LOG_DAYS is gone; returns how many rows."""
    before = clock.now() - dt.timedelta(days=settings.WEBHOOK_LOG_DAYS)
    old = Sending.objects.filter(claimed_at__lt=before).exclude(state="claimed")
    gone = 0
    for _turn in range(MOST_CHUNKS):
        keys = list(old.order_by("claimed_at").values_list("pk", flat=True)[:CHUNK])
        gone += Sending.objects.filter(pk__in=keys).delete()[0]
        if len(keys) < CHUNK:
            break
    return gone
