"""Two reports of one series at once: each value is stored once, and one breach opens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from governance.monitoring import services
from governance.monitoring.models import Breach, Metric, MetricReport, Observation, Reading
from governance.monitoring.queries.series import unsound_reports
from governance.monitoring.services import Reported, Told
from registry.core import clock
from registry.releases.models import Release
from tests import conftest, states
from tests.concurrency.conftest import codes, together
from tests.world import person


@pytest.fixture
def live(in_production: str, django_db_blocker: Any) -> Iterator[Release]:
    """The release in production, in a database in which commits are real."""
    with django_db_blocker.unblock(), conftest.copy_of(in_production):
        yield Release.objects.get(stage="S5")


def tell(release: Release, metric: str, value: float, correction: str = "") -> Reported:
    with clock.at(states.LIVE):
        told = Told(release.code, metric, states.LIVE, value=value, correction=correction)
        return services.report(actor=person("pipeline"), told=[told])


def test_the_same_value_is_stored_once(live: Release) -> None:
    found = together(*[lambda: tell(live, "psi", 0.3).taken] * 4)
    assert codes(found) == ["done"] * 4
    assert found.count(1) == 1
    assert (Observation.objects.count(), MetricReport.objects.count()) == (1, 1)
    assert (Breach.objects.count(), Reading.objects.filter(metric__key="psi").count()) == (1, 1)
    assert unsound_reports(5) == []


def test_of_two_values_for_one_moment_one_is_refused(live: Release) -> None:
    found = together(lambda: tell(live, "psi", 0.3), lambda: tell(live, "psi", 0.2))
    assert codes(found) == ["done", "observation_differs"]
    assert Observation.objects.count() == 1


def test_two_corrections_follow_each_other(live: Release) -> None:
    tell(live, "psi", 0.1)
    found = together(
        lambda: tell(live, "psi", 0.2, "样本取错了月份"),
        lambda: tell(live, "psi", 0.3, "样本取错了月份"),
    )
    assert codes(found) == ["done"] * 2
    assert sorted(Observation.objects.values_list("revision", flat=True)) == [0, 1, 2]


def test_a_metric_begins_once(live: Release) -> None:
    found = together(
        lambda: tell(live, "auc", 0.7), lambda: tell(live, "ks", 0.4),
        lambda: tell(live, "auc", 0.7),
    )  # fmt: skip
    assert codes(found) == ["done"] * 3
    assert Metric.objects.filter(key__in=["auc", "ks"]).count() == 2


def test_silence_is_one_breach_whoever_listens(live: Release) -> None:
    def listen() -> int:
        with clock.at(states.LIVE + dt.timedelta(days=30)):
            return len(services.listen(actor=person("admin")))

    found = together(*[listen] * 3)
    assert codes(found) == ["done"] * 3
    assert found.count(1) == 1
    assert Breach.objects.filter(kind="silent").count() == 1
