"""`GET /metrics`: how the work behind the pages fares, for Prometheus and what reads its format.

Counts and times alone: no label names a person or a model. What is down is told as 0, soon.
"""

from __future__ import annotations

import secrets

import redis
from django.conf import settings
from django.db import Error, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from config import sweeps
from config.exposition import CONTENT_TYPE, Figure, exposition
from governance.clocks import queries as clocks
from governance.webhooks import queries as webhooks
from registry.core import clock
from registry.core.dispatch import queries as dispatch
from registry.core.dispatch.services import reactions
from registry.core.jobs import queries as jobs
from registry.core.ledger import queries as ledger
from registry.core.ledger import services as anchors
from registry.core.notices import queries as notices

STATEMENT_LIMIT = "2s"


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures, for whoever shows the token; without one in the settings there is nothing."""
    if not settings.METRICS_TOKEN:
        raise Http404
    shown = request.headers.get("Authorization", "")
    if not secrets.compare_digest(shown.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        refusal = HttpResponse("401\n", status=401, content_type="text/plain; charset=utf-8")
        refusal.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refusal
    told = exposition([*_of_broker(), *_of_database(), *_of_anchors()])
    return HttpResponse(told, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def _of_broker() -> list[Figure]:
    up = "Whether the broker (Redis) answers."
    try:
        found = sweeps.queues()
    except redis.RedisError:
        return [Figure.one("mingce_broker_up", up, 0), _intervals()]
    return [
        Figure.one("mingce_broker_up", up, 1),
        Figure(
            "mingce_queue_messages",
            "Messages that no worker has taken yet.",
            tuple(({"queue": name}, count) for name, count in found.messages.items()),
        ),
        Figure.one(
            "mingce_queue_unacknowledged_messages",
            "Messages that workers have taken and not finished.",
            found.unacknowledged,
        ),
        _intervals(),
        *_of_sweeps(found.marks),
    ]


def _intervals() -> Figure:
    return Figure(
        "mingce_sweep_interval_seconds",
        "How often beat wakes the sweep.",
        tuple(({"task": task}, seconds) for task, seconds in sweeps.intervals().items()),
    )


def _of_sweeps(marks: dict[str, sweeps.Mark]) -> list[Figure]:
    """Nothing of a sweep that has not ended since the broker was last emptied."""
    return [
        Figure(
            "mingce_sweep_age_seconds",
            "Since the sweep last ended, well or badly.",
            tuple(({"task": task}, one.age_seconds) for task, one in marks.items()),
        ),
        Figure(
            "mingce_sweep_duration_seconds",
            "How long the sweep's last run took.",
            tuple(({"task": task}, one.seconds) for task, one in marks.items()),
        ),
        Figure(
            "mingce_sweep_runs_total",
            "Runs of the sweep since the broker was last emptied.",
            tuple(
                ({"task": task, "outcome": outcome}, count)
                for task, one in marks.items()
                for outcome, count in (("succeeded", one.succeeded), ("failed", one.failed))
            ),
            kind="counter",
        ),
    ]


def _of_database() -> list[Figure]:
    up = "Whether PostgreSQL answers every question in time."
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('statement_timeout', %s, true)", [STATEMENT_LIMIT]
                )
            figures = [*_of_dispatcher(), *_of_work(), *_of_clocks(), *_of_webhooks()]
    except Error:
        return [Figure.one("mingce_database_up", up, 0)]
    return [Figure.one("mingce_database_up", up, 1), *figures]


def _of_dispatcher() -> list[Figure]:
    (head, _hash), (waiting, parked) = ledger.head(), dispatch.held()
    first = dispatch.first_unseen([(one.name, one.kinds) for one in reactions()])
    entries = head - first.seq + 1 if first is not None else 0
    age = (clock.now() - first.recorded_at).total_seconds() if first is not None else 0.0
    return [
        Figure.one("mingce_ledger_head_entries", "Number of the ledger's last entry.", head),
        Figure.one(
            "mingce_dispatch_lag_entries",
            "Entries from the first that a reaction has not seen to the ledger's last.",
            max(0, entries),
        ),
        Figure.one(
            "mingce_dispatch_lag_seconds",
            "Age of the first entry that a reaction has not seen.",
            max(0.0, age),
        ),
        Figure(
            "mingce_dispatch_held_objects",
            "Objects whose reaction failed: those tried again, and those parked for a person.",
            (({"state": "waiting"}, waiting), ({"state": "parked"}, parked)),
        ),
    ]


def _of_work() -> list[Figure]:
    return [
        Figure(
            "mingce_jobs",
            "Long works by state.",
            tuple(({"state": state}, count) for state, count in jobs.by_state().items()),
        ),
        Figure(
            "mingce_deliveries",
            "Mails and messages that are being sent, and those that have failed for good.",
            tuple(
                ({"way": way, "state": state}, count)
                for (way, state), count in notices.undelivered().items()
            ),
        ),
        Figure.one(
            "mingce_notices_waiting_for_digest",
            "Unread notices that no mail has taken up, of people with an address.",
            notices.waiting_for_digest(),
        ),
    ]


def _of_clocks() -> list[Figure]:
    running, overdue = clocks.counted()
    return [
        Figure.one("mingce_legal_clocks_running", "Legal clocks that run.", running),
        Figure.one("mingce_legal_clocks_overdue", "Those of them that have run out.", overdue),
    ]


def _of_webhooks() -> list[Figure]:
    failing, disabled, waiting = webhooks.counted()
    return [
        Figure.one(
            "mingce_webhooks_failing", "Webhooks whose receiver takes nothing at present.", failing
        ),
        Figure.one(
            "mingce_webhooks_disabled", "Webhooks that are disabled until resumed.", disabled
        ),
        Figure.one(
            "mingce_webhook_messages_waiting", "Messages that wait for a receiver.", waiting
        ),
    ]


def _of_anchors() -> list[Figure]:
    try:
        last = anchors.last_anchor()
    except (OSError, ValueError, TypeError):  # the sink is away, or its last line is no anchor
        last = None
    told = "Number of the last entry that is anchored outside the database; 0 where none is seen."
    return [Figure.one("mingce_ledger_anchored_entries", told, last.seq if last else 0)]
