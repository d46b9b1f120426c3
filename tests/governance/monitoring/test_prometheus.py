"""Prometheus fills a metric; while it is down, slow or says nonsense nothing is stored."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from governance.monitoring import services
from governance.monitoring.models import Metric, MetricQuery, Observation, QueryRun
from registry.connectors import prometheus
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.releases.models import Release
from tests import states
from tests.contracts.stub import Answer, Dripping, answering, says
from tests.refusals import changes, footprint, refused
from tests.world import person

MOMENT = states.LIVE.timestamp()
ALL = {"status": "success", "data": {"resultType": "vector", "result": [
    {"metric": {"branch": "BJ"}, "value": [MOMENT, "0.05"]},
    {"metric": {"branch": "SH"}, "value": [MOMENT, "0.31"]},
    {"metric": {"branch": "GZ"}, "value": [MOMENT, "NaN"]},
]}}  # fmt: skip


def opened(live: Release, settings: Any, url: str, **more: Any) -> MetricQuery:
    settings.PROMETHEUS_URL = url
    metric = Metric.objects.get(release=live, key="psi")
    told: dict[str, Any] = {
        "query": "psi_by_branch",
        "every_minutes": 60,
        "segment_label": "branch",
    } | more
    return services.open_query(actor=person("sun"), metric_id=metric.pk, **told)


def test_a_query_fills_a_metric_by_segments(live: Release, settings: Any) -> None:
    with answering(says(ALL)) as server:
        settings.PROMETHEUS_TOKEN = "token-of-the-operators"
        opened(live, settings, server.url)
        assert (services.ask_all(), services.ask_all()) == (1, 0)
        (asked,) = server.asked
    assert "query=psi_by_branch" in asked.line
    assert asked.headers["authorization"] == "Bearer token-of-the-operators"
    rows = Observation.objects.order_by("segment")
    assert [(row.segment, row.value, row.verdict) for row in rows] == [
        ("BJ", 0.05, "ok"), ("SH", 0.31, "act"),
    ]  # fmt: skip
    run = QueryRun.objects.get()
    assert (run.read_at, run.failures) == (states.LIVE, 0)
    assert run.next_at == states.LIVE + dt.timedelta(minutes=60)


def test_a_number_fills_the_whole(live: Release, settings: Any) -> None:
    told = {"status": "success", "data": {"resultType": "scalar", "result": [MOMENT, "0.2"]}}
    with answering(says(told)) as server:
        opened(live, settings, server.url, segment_label="")
        assert services.ask_all() == 1
    assert Observation.objects.get().segment == ""


def vector(*rows: object) -> dict[str, object]:
    return {"status": "success", "data": {"resultType": "vector", "result": list(rows)}}


WRONG = {"status": "error", "errorType": "bad_data", "error": "parse error: unexpected )"}
AWAY = {"status": "error", "errorType": "timeout", "error": "query timed out"}
TWICE = vector(*[{"metric": {"branch": "BJ"}, "value": [MOMENT, "1"]}] * 2)
MATRIX = {"status": "success", "data": {"resultType": "matrix", "result": []}}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says(b"<html>login</html>"), "no JSON"), (says(WRONG, 400), "unexpected )"),
        (says(AWAY, 503), "timed out"), (says({"status": "success"}), "range or a text"),
        (says({"a": 1}), "not as Prometheus does"), (says(MATRIX), "range or a text"),
        (says(TWICE), "two values"), (says(vector()), "gives nothing"),
        (says(vector({"metric": {}, "value": [MOMENT, "x"]})), "is none"),
        (says({"status": "success", "data": {"resultType": "scalar"}}), "is none"),
        (says(vector("text")), "is none"), (says(vector({"metric": [], "value": 1})), "is none"),
        (says(WRONG | {"error": "a\x00b"}, 400), "ab"),
        (says(vector({"metric": {}, "value": [MOMENT, "NaN"]})), "no number"),
        (says(vector(*[{"metric": {}, "value": [MOMENT, "1"]}] * 501)), "more than 500"),
        (says(b"", 302, Location="http://127.0.0.1:9/"), "no JSON"),
        (says(vector({"metric": {}, "value": [MOMENT + 9_999, "1"]})), "未来"),
        (Dripping(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 10_000), "took too long"),
        (Dripping(b"HTTP/1.1 200 OK\r\n" + b"X" * 10_000), "took too long"),
    ],
)  # fmt: skip
def test_what_goes_wrong_stands_beside_the_query(
    live: Release, settings: Any, monkeypatch: pytest.MonkeyPatch, answer: Answer, why: str
) -> None:
    monkeypatch.setattr(prometheus, "SECONDS", 0.2)
    with answering(answer) as server:
        opened(live, settings, server.url)
        before = footprint()
        assert services.ask_all() == 0
    assert changes(before) == {}
    run = QueryRun.objects.get()
    assert why in run.error
    assert (run.failures, run.next_at) == (1, states.LIVE + dt.timedelta(minutes=2))


def test_one_that_is_down_is_asked_again_later_each_time(live: Release, settings: Any) -> None:
    opened(live, settings, "http://127.0.0.1:9")
    waits = []
    for _ in range(8):
        services.ask_all()
        run = QueryRun.objects.get()
        waits.append(int((run.next_at - clock.now()).total_seconds() // 60))
        QueryRun.objects.update(next_at=clock.now())
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("query", {"query": ""}), ("query", {"query": "x" * 2_001}), ("query", {"query": "a\x07"}),
        ("every_minutes", {"every_minutes": 0}), ("segment_label", {"segment_label": "a-b"}),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense(
    live: Release, settings: Any, code: str, wrong: dict[str, Any]
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    metric = Metric.objects.get(release=live, key="psi")
    given: dict[str, Any] = {"query": "up", "every_minutes": 5} | wrong
    with refused(DomainError, code):
        services.open_query(actor=person("wang"), metric_id=metric.pk, **given)


def test_who_answers_for_the_model_chooses_no_values_of_the_policys_metrics(
    live: Release, settings: Any
) -> None:
    """A query of one's own choice, `vector(0.01)`, would hide what is really so."""
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    metric = Metric.objects.get(release=live, key="psi")
    for username in ("wang", "li"):
        with refused(Forbidden, "second_line_closes"):
            services.open_query(
                actor=person(username), metric_id=metric.pk, query="vector(0.01)", every_minutes=1
            )


def test_without_a_server_or_the_duty_there_is_none(live: Release, settings: Any) -> None:
    with refused(DomainError, "no_prometheus"):
        opened(live, settings, "")
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    metric = Metric.objects.get(release=live, key="psi")
    with refused(Forbidden, "not_permitted"):
        services.open_query(actor=person("shen"), metric_id=metric.pk, query="up", every_minutes=5)


def test_a_closed_query_is_asked_no_more(live: Release, settings: Any) -> None:
    row = opened(live, settings, "http://127.0.0.1:9")
    services.close_query(actor=person("wang"), query_id=row.pk)
    assert (services.ask_all(), QueryRun.objects.count()) == (0, 0)
    with refused(Conflict, "query_closed"):
        services.close_query(actor=person("wang"), query_id=row.pk)
