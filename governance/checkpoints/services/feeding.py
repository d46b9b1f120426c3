"""Answers go out: a gateway with a webhook is told what became of its cases, in their order.

The ledger says what there is to tell, so nothing is lost with a worker or the broker. A message is
claimed before it is sent, and goes out with the same cases under the same id until it is taken. A
receiver that does not answer holds up its own answers alone.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Exists, Max, OuterRef

from governance.checkpoints.models import Case, Feed
from governance.checkpoints.models.cases import CaseKind
from governance.checkpoints.queries import decisions
from governance.suspensions import rules
from governance.suspensions import services as suspensions
from governance.suspensions.models import Consumer
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability

logger = logging.getLogger(__name__)
CLOSINGS = ("case.decided", "case.lapsed")
MOST = 100  # cases in one message
MESSAGES = 20  # in one turn; the next turn goes on


def wake() -> None:
    """A worker is told at once, after commit; if the broker is away, the sweep will do."""
    transaction.on_commit(
        lambda: current_app.send_task("governance.answer_gateways", retry=False), robust=True
    )


def to_answer() -> list[uuid.UUID]:
    """The consumers whose gateways have something to be told now."""
    open_to = Consumer.objects.filter(is_open=True).exclude(sealed="")
    for consumer in open_to.filter(feed=None).select_related("user"):
        if _may_be_told(consumer.user):
            begin = Entry.objects.get(subject_id=consumer.pk, kind="consumer.opened").seq
            Feed.objects.get_or_create(
                consumer=consumer, defaults={"seq": begin, "try_at": clock.now()}
            )
    newest = _newest()
    due = Feed.objects.filter(consumer__in=open_to, try_at__lte=clock.now(), seq__lt=newest)
    rows = due.select_related("consumer__user").order_by("pk")
    return [row.consumer_id for row in rows if _may_be_told(row.consumer.user)]


def answer(*, consumer_id: uuid.UUID) -> int:
    """The gateway has been told what there was, or the feed says why not; returns how many."""
    told = 0
    for _turn in range(MESSAGES):
        row = Feed.objects.select_related("consumer__user").get(consumer=consumer_id)
        if not _may_be_told(row.consumer.user):
            break
        cases, upto = _next(row)
        if not cases:
            _mark(row, seq=upto)
            break
        if not _claim(row, upto):
            break
        error = suspensions.send(row.consumer, f"{row.pk}-{upto}", "cases.closed", {"cases": cases})
        if error:
            _mark(row, error=error[:500])
            logger.warning("gateway %s: %s", row.consumer.name, error)
            break
        _mark(row, seq=upto, upto=0, attempts=0, error="", try_at=clock.now(), sent_at=clock.now())
        told += len(cases)
    return told


def _may_be_told(gateway: User) -> bool:
    """Whether the account still tells decisions: who has lost that is told nothing more."""
    return gateway.is_active and people.standing(gateway).may(Capability.POST_DECISIONS)


def _next(row: Feed) -> tuple[list[dict[str, Any]], int]:  # Any: JSON
    """The cases of the next message, and the entry that it reaches; of one on its way, the same."""
    newest = _newest()
    mine = Case.objects.filter(
        pk=OuterRef("subject_id"),
        gateway=row.consumer.user,
        kind__in=[CaseKind.HELD, CaseKind.SAMPLED],
    )
    entries = Entry.objects.filter(Exists(mine), kind__in=CLOSINGS, seq__gt=row.seq)
    entries = entries.filter(seq__lte=row.upto or newest).order_by("seq")
    found = list(entries.values_list("seq", "subject_id")[:MOST])
    if not found:
        return [], newest
    cases = Case.objects.in_bulk([key for _seq, key in found])
    return [_told(cases[key]) for _seq, key in found], found[-1][0]


def _told(case: Case) -> dict[str, Any]:  # Any: JSON
    shown = decisions.shown(case)
    return {
        "reference": case.reference,
        "decision": f"{case.batch_id}-{case.position}",
        "case": shown | {
            "id": str(shown["id"]),
            "due_at": shown["due_at"].isoformat(),
            "decided_at": shown["decided_at"].isoformat() if shown["decided_at"] else None,
        },
    }  # fmt: skip


def _newest() -> int:
    """The last entry that can have closed a case."""
    rows = Entry.objects.filter(kind__in=CLOSINGS)
    return rows.aggregate(newest=Max("seq"))["newest"] or 0


def _claim(row: Feed, upto: int) -> bool:
    """Whether this process sends the message; until its next try nobody else does."""
    attempts = row.attempts + 1
    return bool(
        Feed.objects.filter(
            pk=row.pk, seq=row.seq, attempts=row.attempts, try_at=row.try_at,
            try_at__lte=clock.now(),
        ).update(upto=upto, attempts=attempts, try_at=clock.now() + rules.waits(attempts))
    )  # fmt: skip


def _mark(row: Feed, **changes: Any) -> None:  # Any: the columns' values
    Feed.objects.filter(pk=row.pk, seq=row.seq).update(**changes)
