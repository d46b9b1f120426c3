"""Oversight is looked at: rates with their intervals, streaks, missed limits; automatic trips."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from governance.checkpoints import services
from governance.checkpoints.models import Case, Plan
from governance.checkpoints.queries import oversight
from governance.checkpoints.rules.effectiveness import (
    Look,
    Verdict,
    agreement,
    longest_streak,
    measure,
    wilson,
)
from governance.checkpoints.services import overseeing
from governance.reviews.models import Review
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import parts_of
from registry.core.notices.models import Notice
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.governance.checkpoints.world import PLAN, decision, planned
from tests.states import LIVE
from tests.world import person

TRIPS = """
trips:
  - {key: refusals, label: {zh: 拒绝率异常, en: Too many refusals}, output: refuse,
     above_percent: 30, window_minutes: 10, least: 20}
"""


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [  # from the closed form, to four places
        (0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0), (0, 400, 0.0, 0.0095), (50, 200, 0.1951, 0.3143),
    ],
)  # fmt: skip
def test_the_interval_is_wilsons(hits: int, cases: int, low: float, high: float) -> None:
    assert [round(one, 4) for one in wilson(hits, cases)] == [low, high]


def looks(overrides: int, cases: int) -> list[Look]:
    return [Look("a", number < overrides, 20.0) for number in range(cases)]


@pytest.mark.parametrize(
    ("overrides", "cases", "verdict"),
    [
        (0, 29, Verdict.TOO_FEW), (0, 100, Verdict.IN_BAND), (0, 400, Verdict.AUTOMATION_BIAS),
        (1, 400, Verdict.IN_BAND), (8, 100, Verdict.IN_BAND), (20, 100, Verdict.IN_BAND),
        (30, 100, Verdict.MODEL_FAILURE), (29, 30, Verdict.MODEL_FAILURE),
    ],
)  # fmt: skip
def test_only_a_whole_interval_out_of_the_band_is_an_alarm(
    overrides: int, cases: int, verdict: Verdict
) -> None:
    found = measure(looks(overrides, cases), low_percent=1, high_percent=15, least_cases=30)
    assert found.verdict is verdict


def test_streaks_are_each_reviewers_own() -> None:
    told = [Look("a", False, 1), Look("b", False, 1), Look("a", False, 1), Look("b", True, 1),
            Look("a", False, 1), Look("b", False, 1), Look("a", True, 1)]  # fmt: skip
    assert longest_streak(told) == 3
    assert agreement([("accept", "accept"), ("accept", "override")]) == (1, 2)


def decided(live: Release, count: int, by: str = "fu", outcome: str = "accept") -> None:
    """So many cases in the grey zone, each taken up and decided after three seconds."""
    told = [decision(live, n, fields={"score": 0.5}) for n in range(count)]
    words = {"reason_code": "facts_confirmed"}
    if outcome == "override":
        words = {"reason_code": "model_wrong", "final_output": "refuse"}
    for one in services.take(gateway=person("gateway"), told=told):
        assert one.case is not None
        services.claim(actor=person(by), case_id=one.case.pk)
        with clock.at(LIVE + dt.timedelta(seconds=3)):
            services.decide(actor=person(by), case_id=one.case.pk, outcome=outcome, **words)


def test_a_rubber_stamp_is_noticed_and_calls_for_the_review(live: Release) -> None:
    decided(live, 60)
    plan = Plan.objects.get()
    with clock.at(LIVE + dt.timedelta(hours=1)):
        (line,) = oversight.overseen(live).reviewers
        assert (line.figures.streak, line.figures.median_seconds) == (60, 3.0)
        assert services.oversee(actor=system()) == [plan]
        assert services.oversee(actor=system()) == []  # once a month
        dispatch.run()
    entry = Entry.objects.get(kind="plan.out_of_band")
    assert "傅复核" not in entry.body  # people by their keys alone
    row = Review.objects.get(release=live, kind="PR-06", trigger="breach")
    assert "streak" in row.trigger_reason
    with clock.at(LIVE + dt.timedelta(days=31)):
        assert services.oversee(actor=system()) == [plan]
        dispatch.run()
    assert Review.objects.filter(release=live, kind="PR-06", trigger="breach").count() == 1


def test_a_failing_model_is_noticed_as_well(live: Release) -> None:
    decided(live, 30, outcome="override")
    with clock.at(LIVE + dt.timedelta(hours=1)):
        found = overseeing.alarms_of(Plan.objects.get())
    assert {one["verdict"] for one in found} == {"model_failure"}


def test_missed_limits_are_an_alarm(live: Release) -> None:
    services.take(gateway=person("gateway"), told=[decision(live, 1, fields={"score": 0.5})])
    with clock.at(LIVE + dt.timedelta(days=2)):
        services.sweep(actor=system())
        assert [one["about"] for one in overseeing.alarms_of(Plan.objects.get())] == ["limits"]


def test_another_alarm_is_told_at_once_and_the_same_once_a_month(live: Release) -> None:
    decided(live, 60)
    plan = Plan.objects.get()

    def told(**span: int) -> list[list[str]]:
        with clock.at(LIVE + dt.timedelta(**span)):
            services.oversee(actor=system())
        rows = Entry.objects.filter(kind="plan.out_of_band").order_by("seq")
        return [[one["verdict"] for one in parts_of(row.body)[1]["alarms"]] for row in rows]

    assert told(hours=1) == [["streak"]]
    services.take(
        gateway=person("gateway"),
        told=[decision(live, 900 + n, fields={"score": 0.5}) for n in range(10)],
    )
    with clock.at(LIVE + dt.timedelta(days=2)):
        services.sweep(actor=system())
    assert told(days=2) == [["streak"], ["missed"]]
    assert told(days=3) == [["streak"], ["missed"]]
    assert told(days=30, hours=2) == [["streak"], ["missed"], ["streak"]]
    assert told(days=32, hours=1) == [["streak"], ["missed"], ["streak"], ["missed"]]
    assert {entry.subject_id for entry in Entry.objects.filter(kind="plan.out_of_band")} == {
        plan.pk
    }


class TestMissedLimits:
    """PR-06: only what the limit did counts as missed."""

    def case(self, live: Release, number: int, **told: Any) -> Case:
        fields = {"score": 0.5} | told.pop("fields", {})
        rows = [decision(live, number, fields=fields, **told)]
        (found,) = services.take(gateway=person("gateway"), told=rows)
        assert found.case is not None
        return found.case

    def decide(self, case: Case, by: str, outcome: str = "accept") -> None:
        words = {"reason_code": "facts_confirmed"}
        if outcome == "override":
            words = {"reason_code": "model_wrong", "final_output": "refuse"}
        services.claim(actor=person(by), case_id=case.pk)
        with clock.at(clock.now() + dt.timedelta(minutes=1)):
            services.decide(actor=person(by), case_id=case.pk, outcome=outcome, **words)

    def test_what_a_reviewer_hands_up_is_none(self, live: Release) -> None:
        case = self.case(live, 1)
        services.claim(actor=person("fu"), case_id=case.pk)
        services.escalate(actor=person("fu"), case_id=case.pk, note="证据相互矛盾")
        self.decide(case, "fang")
        assert oversight.missed_percent(live) == 0.0

    def test_what_two_see_differently_is_none(self, live: Release) -> None:
        case = self.case(live, 1, fields={"amount": 300_000})
        self.decide(case, "fu")
        self.decide(case, "fang", "override")
        self.decide(case, "fei")
        assert oversight.missed_percent(live) == 0.0

    def test_what_the_limit_escalates_or_ends_is(self, live: Release) -> None:
        in_time, lapsing = self.case(live, 1), self.case(live, 2)
        escalating = self.case(live, 3, output="refuse", fields={"score": 0.3})
        self.decide(in_time, "fu")
        with clock.at(LIVE + dt.timedelta(days=2)):
            services.sweep(actor=system())
            self.decide(escalating, "fang")
        states = {row.pk: row.state for row in Case.objects.all()}
        assert [states[one.pk] for one in (in_time, lapsing, escalating)] == [
            "decided", "lapsed", "decided",
        ]  # fmt: skip
        with clock.at(LIVE + dt.timedelta(days=3)):
            assert oversight.missed_percent(live) == 66.67


class TestTrips:
    """RI-09: a release stops by itself on a condition that was put in force beforehand."""

    def post(self, live: Release, refusals: int, others: int, first: int = 1) -> None:
        outputs = ["refuse"] * refusals + ["approve"] * others
        told = [decision(live, first + n, output=output, fields={"score": 0.1})
                for n, output in enumerate(outputs)]  # fmt: skip
        services.take(gateway=person("gateway"), told=told)

    @pytest.mark.parametrize(
        ("refusals", "others", "trips"),
        [(6, 14, False), (7, 13, True), (10, 9, False), (300, 0, True)],
    )
    def test_above_its_share_among_enough_decisions(
        self, live_committed: str, refusals: int, others: int, trips: bool
    ) -> None:
        live = Release.objects.get()
        planned(live, PLAN + TRIPS)
        self.post(live, refusals, others)
        assert bool(services.trip(actor=system())) is trips
        assert Order.objects.filter(kind="stop", is_drill=False).exists() is trips

    def test_it_stops_once_and_only_what_is_recent_counts(self, live_committed: str) -> None:
        live = Release.objects.get()
        with clock.at(LIVE):
            self.trips_once(live)

    def trips_once(self, live: Release) -> None:
        plan = planned(live, PLAN + TRIPS)
        self.post(live, 30, 0)
        with clock.at(LIVE + dt.timedelta(minutes=11)):
            assert services.trip(actor=system()) == []
        assert services.trip(actor=system()) == [f"RI-09 · {plan.code} · refusals"]
        assert services.trip(actor=system()) == []
        order = Order.objects.get(kind="stop", is_drill=False)
        assert (order.ordered_by.username, order.target_id) == ("system", live.pk)
        (found,) = services.take(gateway=person("gateway"), told=[decision(live, 999)])
        assert found.answer == "stop"
        with clock.at(LIVE + dt.timedelta(minutes=5)):  # the decisions still lie in the window
            for by in ("chen", "sun"):
                suspensions.resume(actor=person(by), order_id=order.pk, reason="已修复并测试。")
            assert services.trip(actor=system()) == []


def test_personal_data_is_told_to_data_security_and_the_owner(live: Release) -> None:
    told: dict[str, Any] = {"channel": "13912345678"}
    services.take(gateway=person("gateway"), told=[decision(live, 1, fields=told)])
    dispatch.run()
    rows = Notice.objects.filter(kind="plan.personal_data_dropped")
    assert sorted(rows.values_list("user__username", flat=True)) == ["data", "wang"]
    assert not rows.filter(text_en__contains="139").exists()
