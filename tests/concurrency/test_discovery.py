"""Two workers that look at one source; two people who answer one difference."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from registry.connectors.shapes import Found
from registry.discovery import services
from registry.discovery.models import Scan, Sighting, Source
from tests.concurrency.conftest import codes, together
from tests.registry.discovery.looking import look, opened, thing
from tests.world import person

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def source(committed: str) -> Source:
    return opened()


def test_one_scan_of_a_source_runs_at_a_time(source: Source) -> None:
    holds, other = threading.Event(), threading.Event()

    def slowly() -> Iterator[Found]:
        yield thing("1")
        holds.set()
        assert other.wait(timeout=20)

    def first() -> Scan:
        return services.take_in(source=source, found=slowly())

    def second() -> Scan:
        try:
            assert holds.wait(timeout=20)
            return services.take_in(source=source, found=[thing("2")])
        finally:
            other.set()

    assert codes(together(first, second)) == ["done", "scan_runs_already"]
    assert Scan.objects.get().state == "done"
    look(source, thing("2"))  # the lock is free again


def test_of_two_answers_one_counts(source: Source) -> None:
    look(source, thing("1"))
    row = Sighting.objects.get()

    def dismiss(username: str) -> Callable[[], Sighting]:
        user = person(username)
        return lambda: services.dismiss(actor=user, sighting_id=row.pk, reason="仅供培训使用")

    assert codes(together(dismiss("chen"), dismiss("sun"))) == ["answered_already", "done"]


def test_a_scan_and_an_answer_of_the_same_moment_end_in_one_state(source: Source) -> None:
    look(source, thing("1"))
    row = Sighting.objects.get()
    chen = person("chen")

    def answer() -> Sighting:
        return services.dismiss(actor=chen, sighting_id=row.pk, reason="仅供培训使用")

    found = codes(together(answer, lambda: look(source, thing("1", name="other"))))
    assert found in (["done", "done"], ["answered_already", "done"])
    row.refresh_from_db()
    assert row.state == "gone"


def test_a_source_that_calls_twice_at_once_waits_once(source: Source) -> None:
    together(*[lambda: services.wake(source=source)] * 4)
    assert Scan.objects.get().state == "waiting"
