"""Entries of the ledger are claimed for the webhooks that want them, once.

The ledger is the outbox: each webhook has its place in it. A receiver that takes nothing has its
messages waiting; nobody else's claim waits for it.
"""

from __future__ import annotations

import logging
import time
import uuid

from celery import current_app
from django.db import transaction
from django.db.models import Q

from governance.webhooks import queries
from governance.webhooks.models import Pace, Sending, Subscription, SubscriptionState
from governance.webhooks.queries.speaking import within
from registry.core import clock
from registry.core.ledger import queries as ledger
from registry.core.ledger.models import Entry

logger = logging.getLogger(__name__)
CHUNK = 500  # entries in one transaction
MOST_CHUNKS = 8  # of one webhook in one run
BETWEEN_WAKES = 1.0  # seconds; whatever is missed, beat finds
_last_wake = 0.0


def wake(_kinds: frozenset[str] = frozenset()) -> None:
    """A worker looks after new entries at once; if the broker is away, the sweep will do."""
    global _last_wake
    now = time.monotonic()
    if now - _last_wake < BETWEEN_WAKES:
        return
    _last_wake = now
    if Subscription.objects.filter(state=SubscriptionState.OPEN).exists():
        current_app.send_task("governance.sweep_webhooks", retry=False)


def claim() -> list[uuid.UUID]:
    """Every open webhook has its share of what was entered; returns those with something due."""
    head, _hash = ledger.head()
    behind = Subscription.objects.filter(state=SubscriptionState.OPEN, pace__seq__lt=head)
    for row in behind.select_related("entity").order_by("pk"):
        try:
            _claim(row, head)
        except Exception:  # whatever is wrong with one, the others have their turn
            logger.exception("the claim of webhook %s has failed", row.pk)
    now = clock.now()
    awake = Q(subscription__pace__rest_until=None) | Q(subscription__pace__rest_until__lte=now)
    due = Sending.objects.filter(
        awake, state="claimed", try_at__lte=now, subscription__state=SubscriptionState.OPEN
    )
    return list(due.order_by().values_list("subscription", flat=True).distinct())


def _claim(row: Subscription, head: int) -> None:
    kinds = queries.protocol_of(row).kinds(row.types)
    for _turn in range(MOST_CHUNKS):
        with transaction.atomic():
            paces = Pace.objects.select_for_update(of=("self",), skip_locked=True)
            pace = paces.filter(subscription=row, subscription__state="open").first()
            if pace is None or pace.seq >= head:
                return
            entries = list(
                Entry.objects.filter(seq__gt=pace.seq, seq__lte=head, kind__in=kinds)
                .exclude(subject_id=row.pk)  # nobody is told of its own webhook
                .order_by("seq")
                .only("seq", "uid", "kind", "subject_type", "subject_id")[:CHUNK]
            )
            wanted = within(row, entries)
            now = clock.now()
            Sending.objects.bulk_create(
                [
                    Sending(
                        subscription=row, message_id=one.uid, seq=one.seq, kind=one.kind,
                        claimed_at=now, try_at=now,
                    )
                    for one in entries
                    if one.seq in wanted
                ],
                ignore_conflicts=True,
            )  # fmt: skip
            pace.seq = entries[-1].seq if len(entries) == CHUNK else head
            pace.save(update_fields=["seq"])
