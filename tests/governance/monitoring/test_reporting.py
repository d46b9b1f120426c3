"""Values come in: stored once, judged at once, corrected in the open; or nothing is stored."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import translation

from governance.monitoring import queries, services
from governance.monitoring.models import Metric, MetricReport, Observation, Reading
from governance.monitoring.queries.series import unsound_reports
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import parts_of
from registry.releases import services as releases
from registry.releases.models import Release
from tests import states
from tests.governance.monitoring.telling import DAY, report, tell, told
from tests.refusals import changes, execute, footprint, refused, refused_by_database
from tests.world import person


def test_a_value_is_stored_judged_and_covered_by_the_ledger(live: Release) -> None:
    before = footprint()
    found = report(told(live, "psi", 0.05, count=900))
    assert (found.taken, found.repeated, found.breaches) == (1, 0, [])
    assert changes(before) == {
        "governance_metricreport": (1, 1), "governance_observation": (1, 0),
        "registry_entry": (1, 0),
    }  # fmt: skip
    row = Observation.objects.get()
    assert (row.value, row.count, row.verdict, row.threshold) == (0.05, 900, "ok", None)
    reading = Reading.objects.get(metric__key="psi")
    assert (reading.value, reading.level) == (0.05, "ok")
    entry = Entry.objects.order_by("-seq")[0]
    assert (entry.kind, parts_of(entry.body)[0]["size"]) == ("metrics.reported", 1)
    assert unsound_reports(5) == []


def test_the_policys_metrics_begin_with_their_first_value(live: Release) -> None:
    assert not Metric.objects.filter(key="auc").exists()
    tell(live, 0.7, metric="auc")
    row = Metric.objects.get(key="auc")
    assert (row.computes, row.every_days, row.opened_by) == ("auc", None, person("pipeline"))
    assert Observation.objects.get(metric=row).verdict == "unjudged"  # without a baseline


def test_counts_are_computed_and_kept(live: Release) -> None:
    inputs = {"expected": [50, 50], "actual": [70, 30]}
    report(told(live, "psi", None, inputs=inputs))
    row = Observation.objects.get()
    assert row.value == pytest.approx(0.1694596)
    assert (row.count, row.verdict) == (100, "warn")
    assert row.inputs == '{"actual":[70,30],"expected":[50,50]}'


def test_what_is_told_again_changes_nothing(live: Release) -> None:
    tell(live, 0.05)
    before = footprint()
    again = tell(live, 0.05)
    assert (again.report, again.taken, again.repeated) == (None, 0, 1)
    assert changes(before) == {}
    more = tell(live, 0.04, 0.05)
    assert (more.taken, more.repeated) == (1, 1)


def test_another_value_needs_a_reason_and_stays_in_the_open(live: Release) -> None:
    tell(live, 0.05)
    with refused(Conflict, "observation_differs") as caught:
        tell(live, 0.06)
    assert caught.value.field == "observations.0.value"
    report(told(live, "psi", 0.06, correction="样本取错了月份"))
    rows = Observation.objects.order_by("revision")
    assert [(row.revision, row.value) for row in rows] == [(0, 0.05), (1, 0.06)]
    facts = parts_of(Entry.objects.get(kind="metric.corrected").body)[1]
    assert facts == {"values": 1, "reason": "样本取错了月份"}
    metric = Metric.objects.get(key="psi")
    shown = queries.points(metric, "", clock.now() - DAY, clock.now() + DAY, 10)
    assert [(one.value, one.revision) for one in shown] == [(0.06, 1)]
    assert unsound_reports(5) == []


def test_a_late_value_takes_its_place_in_the_series(live: Release) -> None:
    tell(live, 0.05)
    report(told(live, "psi", 0.3, at=clock.now() - DAY))
    assert Reading.objects.get(metric__key="psi").value == 0.05
    metric = Metric.objects.get(key="psi")
    shown = queries.points(metric, "", clock.now() - 3 * DAY, clock.now() + DAY, 10)
    assert [(one.value, one.verdict) for one in shown] == [(0.3, "act"), (0.05, "ok")]


BAD: list[tuple[str, str, dict[str, Any]]] = [
    ("moment", "at", {"at": states.LIVE + dt.timedelta(minutes=6)}),
    ("moment", "at", {"at": states.LIVE - dt.timedelta(days=3_651)}),
    ("moment", "at", {"at": dt.datetime(2026, 1, 1)}),  # noqa: DTZ001 (that is the point)
    ("value_not_finite", "value", {"value": float("nan")}),
    ("value_not_finite", "value", {"value": float("inf")}),
    ("value_needed", "value", {"value": None}),
    ("value_and_counts", "value", {"inputs": {"expected": [1, 1], "actual": [1, 1]}}),
    ("counts", "inputs", {"value": None, "inputs": {"expected": [1, 1]}}),
    ("count", "count", {"count": -1}),
    ("segment", "segment", {"segment": " a"}),
    ("segment", "segment", {"segment": "x" * 101}),
    ("segment", "segment", {"segment": "a\u202eb"}),
    ("not_computed", "inputs", {"metric": "latency_ms", "value": None, "inputs": {"a": [1]}}),
    ("unknown_metric", "metric", {"metric": "nothing_like_it"}),
]


@pytest.mark.parametrize(("code", "field", "wrong"), BAD)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    live: Release, code: str, field: str, wrong: dict[str, Any]
) -> None:
    with refused(DomainError, code) as caught:
        report(told(live, at=clock.now() - DAY), told(live, **wrong))
    assert caught.value.field == f"observations.1.{field}"


def test_no_release_no_batch_no_twice(live: Release) -> None:
    with refused(DomainError, "batch_size"):
        report()
    with refused(DomainError, "batch_size"):
        report(*[told(live)] * 1_001)
    with refused(DomainError, "told_twice"):
        report(told(live), told(live))
    with refused(DomainError, "unknown_release"):
        report(services.Told("REL-2026-999999", "psi", clock.now(), value=1.0))


def test_who_reports_no_metrics_is_refused(live: Release) -> None:
    for username in ("wang", "chen", "shen"):
        with refused(Forbidden, "not_permitted"):
            report(told(live), by=username)
    assert report(told(live), by="li").taken == 1


def test_counts_that_are_none_are_refused_in_one_language(live: Release) -> None:
    bad = told(live, "psi", None, inputs={"expected": [1, 2], "actual": [1, 2, 3]})
    with translation.override("zh-hans"), refused(DomainError, "counts") as caught:
        report(bad)
    assert caught.value.field == "observations.0.inputs"
    assert "expected 与 actual 的分箱须相同" in caught.value.message


def test_only_live_releases_are_watched(live: Release) -> None:
    other = releases.open_release(actor=person("wang"), use=live.model_use, version=None)
    with refused(Conflict, "release_not_live"):
        report(told(other))


def test_an_observation_that_was_slipped_under_a_report_is_found(live: Release) -> None:
    tell(live, 0.05, 0.3)
    execute(
        "INSERT INTO governance_observation SELECT metric_id, segment, at, 1, 0.01, NULL, '', 'ok',"
        " NULL, pack_id, report_id, 2 FROM governance_observation WHERE value = 0.3"
    )
    number = MetricReport.objects.get().number
    said = f"observations: report {number} is not what its digest covers"
    assert unsound_reports(5) == [(said, 1)]


def test_an_observation_without_its_report_is_found(live: Release) -> None:
    tell(live, 0.05)
    row = Observation.objects.get()
    execute(
        "INSERT INTO governance_observation SELECT metric_id, 'other', at, 0, 1.0, NULL, '', 'ok',"
        " NULL, pack_id, 999, 0 FROM governance_observation"
    )
    assert unsound_reports(5) == [("observations: report 999 is not there", 1)]
    assert row.report_id != 999


def test_observations_are_never_changed(live: Release) -> None:
    tell(live, 0.05)
    for statement in (
        "UPDATE governance_observation SET value = 1",
        "DELETE FROM governance_observation",
    ):
        with refused_by_database("42501"):
            execute(statement)


def test_the_statements_do_not_grow_with_the_report(
    live: Release, django_assert_max_num_queries: Any
) -> None:
    tell(live, 0.05)
    with django_assert_max_num_queries(24):
        tell(live, *[0.05] * 200)
