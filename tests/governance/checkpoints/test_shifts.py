"""Limits that count the reviewers' shifts: nights, weekends, overlaps; and plans without any."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.checkpoints import services
from governance.checkpoints.models import Case
from governance.checkpoints.rules import limits
from governance.checkpoints.schema import parse_plan
from registry.core import clock
from registry.core.errors import DomainError
from registry.core.people.queries import system
from registry.core.policy.rules import PolicyError
from registry.releases.models import Release
from tests.governance.checkpoints.world import PLAN, decision, planned
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import refused
from tests.states import LIVE
from tests.world import person

ZONE = ZoneInfo("Asia/Shanghai")
COUNTING = PLAN.replace(
    "    authority: {field: amount, above: 200000}",
    "    limit: {minutes: 120, hours: shifts}",
)
SHIFTS = """
shifts:
  - {key: late, label: {zh: 夜班, en: Night shift}, days: [mon, tue], begin: "22:00", end: "06:00"}
  - {key: weekend, label: {zh: 周末班, en: Weekend}, days: [sat], begin: "10:00", end: "12:00"}
"""
NIGHT = limits.Shift(frozenset({0, 1}), dt.time(22), dt.timedelta(hours=8))
WEEKEND = limits.Shift(frozenset({5}), dt.time(10), dt.timedelta(hours=2))


def due(opened: str, minutes: int, *shifts: limits.Shift) -> str:
    moment = dt.datetime.fromisoformat(opened).replace(tzinfo=ZONE)
    found = limits.due_in_shifts(moment, minutes, shifts=shifts or (NIGHT, WEEKEND), zone=ZONE)
    return found.astimezone(ZONE).strftime("%a %m-%d %H:%M")


@pytest.mark.parametrize(
    ("opened", "minutes", "expected"),
    [
        ("2026-11-23T12:00", 60, "Mon 11-23 23:00"),
        ("2026-11-23T23:30", 60, "Tue 11-24 00:30"),  # over midnight
        ("2026-11-24T05:30", 60, "Tue 11-24 22:30"),  # the shift began the evening before
        ("2026-11-25T05:59", 60, "Sat 11-28 10:59"),
        ("2026-11-25T06:00", 120, "Sat 11-28 12:00"),  # a whole shift ends at its end
        ("2026-11-28T11:00", 61, "Mon 11-30 22:01"),
        ("2026-02-16T12:00", 60, "Mon 02-16 23:00"),  # Spring Festival: shifts know no calendar
    ],
)
def test_a_limit_counts_minutes_inside_the_shifts(opened: str, minutes: int, expected: str) -> None:
    assert due(opened, minutes) == expected


def test_what_two_shifts_cover_counts_once() -> None:
    early = limits.Shift(frozenset({0}), dt.time(8), dt.timedelta(hours=8))
    late = limits.Shift(frozenset({0}), dt.time(12), dt.timedelta(hours=8))
    whole_day = limits.Shift(frozenset({0}), dt.time(9), dt.timedelta(hours=24))
    assert due("2026-11-23T08:00", 12 * 60, early, late) == "Mon 11-23 20:00"
    assert due("2026-11-23T08:00", 25 * 60, early, whole_day) == "Tue 11-24 09:00"


SHIFT = st.builds(
    limits.Shift,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times(dt.time(0), dt.time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0)),
    st.integers(15, 24 * 60).map(lambda minutes: dt.timedelta(minutes=minutes)),
)
START = st.integers(0, 60 * 24 * 60)


def brute(opened: dt.datetime, minutes: int, shifts: list[limits.Shift]) -> dt.datetime:
    """Minute by minute."""
    moment, left = opened, minutes
    while left:
        left -= any(covers(one, moment) for one in shifts)
        moment += dt.timedelta(minutes=1)
    return moment


def covers(one: limits.Shift, moment: dt.datetime) -> bool:
    for back in (0, 1):
        day = moment.date() - dt.timedelta(days=back)
        begin = dt.datetime.combine(day, one.begin, moment.tzinfo)
        if day.weekday() in one.days and begin <= moment < begin + one.lasts:
            return True
    return False


@given(START, st.integers(1, 90), st.lists(SHIFT, min_size=1, max_size=4))
def test_it_is_what_counting_every_minute_gives(
    start: int, minutes: int, shifts: list[limits.Shift]
) -> None:
    opened = dt.datetime(2026, 1, 1, tzinfo=ZONE) + dt.timedelta(minutes=start)
    found = limits.due_in_shifts(opened, minutes, shifts=shifts, zone=ZONE)
    assert found == brute(opened, minutes, shifts)


@given(START, st.integers(1, 5_000), st.integers(1, 5_000), st.lists(SHIFT, min_size=1, max_size=4))
def test_two_limits_after_one_another_are_their_sum(
    start: int, one: int, other: int, shifts: list[limits.Shift]
) -> None:
    opened = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=start)
    between = limits.due_in_shifts(opened, one, shifts=shifts, zone=ZONE)
    at_once = limits.due_in_shifts(opened, one + other, shifts=shifts, zone=ZONE)
    assert limits.due_in_shifts(between, other, shifts=shifts, zone=ZONE) == at_once


def test_a_case_is_due_within_the_shifts_of_its_plan(live: Release) -> None:
    planned(live, COUNTING + SHIFTS)  # LIVE is a Monday morning
    services.take(gateway=person("gateway"), told=[decision(live, fields={"score": 0.5})])
    case = Case.objects.get()
    midnight = dt.datetime(2026, 1, 13, tzinfo=ZONE)
    assert (LIVE.astimezone(ZONE).weekday(), case.due_at) == (0, midnight)
    with clock.at(midnight):
        services.sweep(actor=system())
    case.refresh_from_db()
    assert (case.state, case.effect) == ("lapsed", "deny")
    services.take(gateway=person("gateway"), told=[decision(live, 2, fields={"score": 0.5})])
    case = Case.objects.get(reference="APP-0000002")
    services.claim(actor=person("fu"), case_id=case.pk)
    services.escalate(actor=person("fu"), case_id=case.pk, note="证据相互矛盾")
    case.refresh_from_db()
    assert (case.state, case.due_at) == ("escalated", midnight)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (COUNTING, "plan:1: .*grey_zone: the limit counts shifts, and the plan declares none"),
        (COUNTING + SHIFTS.replace('"06:00"', '"22:10"'), "plan:31: .*at least 15 minutes"),
        (COUNTING + SHIFTS.replace("weekend", "late"), "late stands twice"),
        (COUNTING + SHIFTS.replace("[sat]", "[]"), "plan:32: shifts.1.days"),
        (COUNTING + SHIFTS.replace("sat", "someday"), "plan:32: shifts.1.days.0"),
        (COUNTING + SHIFTS.replace('"10:00"', '"25:00"'), "plan:32: shifts.1.begin"),
    ],
)
def test_shifts_that_mean_nothing_are_refused_with_their_line(
    live: Release, content: str, words: str
) -> None:
    with pytest.raises(PolicyError, match=words):
        parse_plan(content)
    with refused(DomainError, "plan_faulty"):
        services.draft(actor=person("wang"), release_id=live.pk, content=content)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-hans", ("夜班", "星期一", "次日", "班次内")),
        ("en", ("Night shift", "Monday", "the next day")),
    ],
)
def test_the_plan_shows_its_shifts(live: Release, language: str, words: tuple[str, ...]) -> None:
    plan = planned(live, COUNTING + SHIFTS)
    html = browser("chen", language).get(f"/plans/{plan.pk}/").content.decode()
    assert [one for one in words if one not in html] == []
