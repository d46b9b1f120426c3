"""A worker dies while it sends, the broker forgets everything: every event arrives, none is lost.

Beside it a receiver that never answers costs the other nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from governance.webhooks.models import Sending, Subscription
from tests.faults.processes import broker, kill, until, worker
from tests.governance.webhooks.telling import happen, opened
from tests.registry.core.receiver import Receiver, receiving

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]
LISTED = {"MINGCE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}


@pytest.fixture
def receivers(settings: object) -> Iterator[tuple[Receiver, Receiver]]:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]  # type: ignore[attr-defined]  # Django's
    with receiving() as one, receiving() as other:
        yield one, other


def test_every_event_arrives_whoever_dies(
    committed: str, tmp_path: Path, receivers: tuple[Receiver, Receiver]
) -> None:
    log, (fine, dead) = tmp_path / "worker.log", receivers
    broker().flushdb()
    row = opened(fine, name="fine", types=["system.*"])
    stuck, release = threading.Event(), threading.Event()

    def hang() -> None:
        stuck.set()
        release.wait(60)

    fine.before = hang
    happen("first")
    with worker(committed, log, "--beat", "--schedule", str(tmp_path / "b1"), **LISTED) as one:
        until(stuck.is_set, "the worker is in the middle of sending", log)
        kill(one)
    fine.before = bool
    release.set()
    broker().flushdb()
    opened(dead, name="dead", types=["system.*"])
    dead.before = lambda: time.sleep(60)
    happen("second")
    with connection.cursor() as cursor:  # the minute after which it is tried again has passed
        cursor.execute("UPDATE governance_sending SET try_at = now() WHERE state = 'claimed'")
    extra = ("--beat", "--schedule", str(tmp_path / "b2"), "--concurrency", "2")
    with worker(committed, log, *extra, **LISTED):
        sent = Sending.objects.filter(subscription=row, state="sent")
        until(lambda: sent.count() == 2, "the living receiver has both", log, calm=False)
        began = time.monotonic()
        happen("third")
        until(lambda: sent.count() == 3, "and what comes next", log, calm=False)
        assert time.monotonic() - began < 14  # less than the dead one takes for one attempt
    ids = [one.headers["webhook-id"] for one in fine.got]
    assert ids[0] == ids[1]  # the message of the dead worker, again
    assert len(set(ids)) == 3
    assert Subscription.objects.filter(state="open").count() == 2
