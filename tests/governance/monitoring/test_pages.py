"""What people see of monitoring, and do there, in both languages."""

from __future__ import annotations

import html
from typing import Any

import pytest

from governance.desk.rules import charts
from governance.monitoring import queries, services
from governance.monitoring.models import Breach, Metric, MetricQuery, Threshold
from registry.core import clock
from registry.releases.models import Release
from tests.governance.desk.test_what_is_shown import browser
from tests.governance.monitoring.telling import DAY, report, tell, told
from tests.world import person

LANGUAGES = ("zh-hans", "en")


def text(username: str, language: str, path: str) -> str:
    response = browser(username, language).get(path)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overview_shows_what_waits(live: Release, language: str) -> None:
    empty = {"zh-hans": "没有指标超出阈值。", "en": "Nothing lies beyond its limits."}[language]
    assert empty in text("chen", language, "/monitoring/")
    (row,) = tell(live, 0.05, 0.3).breaches
    page = text("chen", language, "/monitoring/")
    assert empty not in page
    assert row.code in page
    assert {"zh-hans": "需处置", "en": "action needed"}[language] in page
    assert row.code in text("wang", language, "/admin/")
    assert row.code not in text("li", language, "/admin/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_metric_has_its_picture_its_limits_and_its_story(live: Release, language: str) -> None:
    tell(live, 0.02, 0.12, 0.3)
    report(told(live, "psi", 0.11, segment="新客"))
    metric = Metric.objects.get(key="psi")
    page = text("chen", language, f"/metrics/{metric.pk}/")
    assert page.count("<circle") == 3 * 2  # for a screen, and for a telephone
    assert 'class="dot-act"' in page
    limits = {
        "zh-hans": ("预警线 0.1", "处置线 0.25"), "en": ("warning line 0.1", "action line 0.25"),
    }  # fmt: skip
    for told_ in limits[language]:
        assert told_ in page
    assert "新客" in page
    part = text("chen", language, f"/metrics/{metric.pk}/?segment=新客&days=30")
    assert part.count("<circle") == 2
    story = text("wang", language, f"/releases/{live.pk}/")
    assert f"/metrics/{metric.pk}/" in story
    assert {"zh-hans": "需处置", "en": "action needed"}[language] in story


def test_a_metric_without_values_says_so(live: Release) -> None:
    metric = Metric.objects.get(key="psi")
    assert "该时段没有数值" in text("wang", "zh-hans", f"/metrics/{metric.pk}/")


def do(username: str, verb: str, pk: object, status: int = 200, **data: Any) -> str:
    client = browser(username, "zh-hans")
    assert client.get(f"/do/{verb}/{pk}/").status_code == 200
    response = client.post(f"/do/{verb}/{pk}/", data, follow=True)
    assert response.status_code == status
    return html.unescape(response.content.decode())


def test_people_do_it_all_on_the_pages(live: Release, settings: Any) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    do("wang", "add-metric", live.pk, key="own", name_zh="自有指标", name_en="Own", every_days="7")
    own = Metric.objects.get(key="own")
    told_: dict[str, Any] = {
        "bound": "ceiling", "warn_high": "1", "act_high": "2", "consecutive": "1",
        "effects": ["finding"], "reason": "按业务经验设定",
    }  # fmt: skip
    do("wang", "set-limits", own.pk, **told_)
    assert Threshold.objects.get().act_high == 2
    refused = do("wang", "set-limits", own.pk, 422, **told_ | {"warn_high": "1.5"})
    assert "此操作由第二道防线进行" in refused
    do("wang", "fill-from-prometheus", own.pk, query="up", every_minutes="60")
    query = MetricQuery.objects.get()
    do("wang", "close-query", query.pk)
    report(told(live, "own", 1.5))
    row = Breach.objects.get()
    do("wang", "take-up-breach", row.pk, plan="正在核对数据来源")
    page = do("wang", "close-breach", row.pk, outcome="false_alarm", note="数据来源切换造成")
    assert "误报" in page
    do("wang", "close-metric", own.pk, reason="业务下线不再需要")
    do("wang", "reopen-metric", own.pk)
    assert Metric.objects.get(key="own").state == "open"


def test_what_is_confidential_stays_with_those_who_know(live: Release) -> None:
    tell(live, 0.3)
    metric = Metric.objects.get(key="psi")
    assert browser("hai", "en").get(f"/metrics/{metric.pk}/").status_code == 404
    assert Breach.objects.get().code not in text("hai", "en", "/monitoring/")


def test_the_picture_shows_the_gravest_of_many() -> None:
    values = [
        charts.Value(clock.now() + DAY * place, 1.0, "act" if place == 777 else "ok")
        for place in range(1_000)
    ]
    chart = charts.draw(values, [charts.Line(2.0, "warn"), charts.Line(1_000.0, "act")])
    assert chart is not None
    assert len(chart.dots) <= charts.MOST_DOTS
    assert [one.told.mark for one in chart.dots].count("act") == 1
    assert [one.kind for one in chart.lines] == ["warn"]  # the far one would press all flat
    assert charts.draw([], []) is None
    assert charts.spark([1.0]) == ""
    assert charts.spark([1.0, 2.0]) == "0.0,22.0 100.0,2.0"
    told_ = [charts.plain(one) for one in (0.0, 0.12345, 12.3456, 1234.5, 123456.0, -0.5)]
    assert told_ == ["0", "0.1235", "12.35", "1,234", "123,456", "-0.5"]


def test_limits_are_named_inside_the_picture_and_one_value_is_seen() -> None:
    """The names once ran past the right edge: “action line 0.2” for 0.25."""
    lines = [charts.Line(0.1234, "warn")]
    for box in (charts.WIDE, charts.NARROW):
        (value,) = [charts.Value(clock.now(), 0.1, "ok")]
        chart = charts.draw([value], lines, box)
        assert chart is not None
        assert [one.x for one in chart.dots] == [(chart.left + chart.right) / 2]
        assert [one.has_time for one in chart.days] == [True]
    letters = 7  # of the 12 that a letter is high
    assert charts.WIDE.room >= len("warning line 0.1234") * letters
    pair = [charts.Value(clock.now() + DAY * one, 0.1, "ok") for one in (0, 30)]
    month = charts.draw(pair, lines)
    assert month is not None
    assert [one.has_time for one in month.days] == [False] * 3


def test_a_release_without_a_value_is_not_in_order(live: Release) -> None:
    story = f"/releases/{live.pk}/"
    assert "no values yet" in text("chen", "en", story)
    assert queries.figures(person("chen")).releases == {
        "red": 0, "amber": 0, "green": 0, "waiting": 1,
    }  # fmt: skip
    assert "share-waiting" in text("chen", "en", "/monitoring/")
    tell(live, 0.01)
    assert "no values yet" not in text("chen", "en", story)
    assert queries.figures(person("chen")).releases["green"] == 1


def test_the_first_limits_are_no_looser_ones_and_figures_are_told(live: Release) -> None:
    new = services.NewMetric("own", "自有", "Own")
    metric = services.add_metric(actor=person("wang"), release_id=live.pk, told=new)

    def lines(warn: float, act: float) -> str:
        limits = services.NewLimits("ceiling", "首次设定阈值", warn_high=warn, act_high=act)
        services.set_limits(actor=person("chen"), metric_id=metric.pk, told=limits)
        return html.unescape(text("chen", "en", f"/metrics/{metric.pk}/"))

    first = lines(0.5, 0.75)
    assert "warning above 0.5 · action above 0.75 · first limits" in first
    assert "looser than" not in first
    assert "warning above 0.6 · action above 0.75 · <strong" in lines(0.6, 0.75)


@pytest.mark.parametrize(
    ("language", "heads", "name"),
    [
        ("zh-hans", ("指标", "发布"), "群体稳定性指数"),
        ("en", ("metric", "release"), "Population stability index"),
    ],
)
def test_the_list_of_breaches_names_metrics_and_rounds(
    live: Release, language: str, heads: tuple[str, str], name: str
) -> None:
    tell(live, 0.3080501864093346)
    page = text("chen", language, "/admin/governance/breach/")
    for told_ in (*heads, name, "0.3081"):
        assert told_.lower() in page.lower()
    assert "0.30805" not in page
    assert name in text("chen", language, "/admin/governance/metric/")


def test_the_form_begins_with_what_holds(live: Release) -> None:
    services.set_limits(
        actor=person("sun"), metric_id=Metric.objects.get(key="psi").pk,
        told=services.NewLimits("ceiling", "按验证报告设定", warn_high=0.07, act_high=0.25),
    )  # fmt: skip
    page = text("wang", "en", f"/do/set-limits/{Metric.objects.get(key='psi').pk}/")
    assert 'value="0.07"' in page
