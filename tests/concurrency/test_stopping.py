"""A stop and the decisions of the same moment: none that begins after it has returned is let in."""

from __future__ import annotations

import threading
import time

from django.db import connection, transaction

from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.releases.models import Release
from tests.concurrency.conftest import codes, together
from tests.world import person


def stop(kind: str = "stop", by: str = "luo") -> Order:
    return suspensions.order(
        actor=person(by), kind=kind, target_type="release", target_id=Release.objects.get().pk,
        reason="误拒率异常",
    )  # fmt: skip


def _waits() -> bool:
    """Whether somebody waits for the intake's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        (count,) = cursor.fetchone()
    return bool(count)


def _until_somebody_waits() -> None:
    until = time.monotonic() + 20
    while not _waits():
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)


def test_a_stop_returns_after_the_decisions_that_began_before_it(shared: str) -> None:
    release, holds, events = Release.objects.get(), threading.Event(), []

    def deciding() -> bool:
        with transaction.atomic():
            queries.hold_still()
            stopped = queries.is_stopped(release)
            holds.set()
            _until_somebody_waits()
            events.append("decided")
        return stopped

    def stopping() -> Order:
        assert holds.wait(timeout=20)
        made = stop()
        events.append("stopped")
        return made

    decided, ordered = together(deciding, stopping)
    assert decided is False
    assert isinstance(ordered, Order)
    assert events == ["decided", "stopped"]


def test_a_decision_that_begins_beside_a_stop_waits_for_it_and_sees_it(shared: str) -> None:
    release, holds = Release.objects.get(), threading.Event()

    def stopping() -> object:
        with transaction.atomic():
            made = stop("restrict", "chen")
            holds.set()
            _until_somebody_waits()
            return made

    def deciding() -> list[Order]:
        assert holds.wait(timeout=20)
        with transaction.atomic():
            queries.hold_still()
            return queries.in_force(release)

    ordered, seen = together(stopping, deciding)
    assert seen == [ordered]


def test_decisions_do_not_wait_for_each_other(shared: str) -> None:
    barrier = threading.Barrier(2)

    def deciding() -> None:
        with transaction.atomic():
            queries.hold_still()
            barrier.wait(timeout=20)

    assert codes(together(deciding, deciding)) == ["done", "done"]


def test_of_two_stops_of_one_thing_at_once_one_stands(shared: str) -> None:
    assert codes(together(stop, stop)) == ["done", "stopped_already"]
    assert Order.objects.count() == 1
