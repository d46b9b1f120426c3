"""Until when a legal clock runs, and when it warns: tables in China's working days."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from governance.clocks import rules
from governance.clocks.rules import Span
from registry.core.calendars.rules import WorkingDays

ZONE = ZoneInfo("Asia/Shanghai")
CHINA = WorkingDays("CN")


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("span", "event", "due"),
    [
        (Span(hours=2), "2026-11-23 23:30", "2026-11-24 01:30:00"),
        (Span(hours=24), "2026-09-30 10:00", "2026-10-01 10:00:00"),  # hours know no holiday
        (Span(hours=72), "2026-11-20 10:00", "2026-11-23 10:00:00"),
        (Span(days=15), "2026-11-23 10:00", "2026-12-08 23:59:59"),
        (Span(days=2), "2026-11-23 00:00", "2026-11-25 23:59:59"),
        (Span(working_days=10), "2026-01-05 09:00", "2026-01-19 23:59:59"),
        (Span(working_days=10), "2026-02-10 09:00", "2026-03-02 23:59:59"),  # Spring Festival
        (Span(working_days=10), "2026-09-18 23:59", "2026-10-09 23:59:59"),
        (Span(working_days=20), "2026-09-01 09:00", "2026-09-29 23:59:59"),
        (Span(working_days=15), "2025-09-25 09:00", "2025-10-22 23:59:59"),
        (Span(working_days=5), "2025-01-24 09:00", "2025-02-07 23:59:59"),
        (Span(working_days=30), "2026-09-01 09:00", "2026-10-19 23:59:59"),
        (Span(working_days=20, before=True), "2026-10-30 09:00", "2026-09-28 23:59:59"),
        (Span(working_days=20, before=True), "2026-03-06 09:00", "2026-02-02 23:59:59"),
        (Span(months=1), "2026-01-31 09:00", "2026-02-28 23:59:59"),
        (Span(days=5, before=True), "2026-11-23 09:00", "2026-11-18 23:59:59"),
    ],
)
def test_the_last_moment_in_time(span: Span, event: str, due: str) -> None:
    assert rules.due_at(span, moment(event), CHINA, ZONE) == moment(due)


def test_a_day_is_the_institutions_not_londons() -> None:
    late = dt.datetime(2026, 11, 23, 17, tzinfo=dt.UTC)  # the 24th in Shanghai
    found = rules.due_at(Span(working_days=1), late, CHINA, ZONE)
    assert found == moment("2026-11-25 23:59:59")


@pytest.mark.parametrize(
    ("now", "taken", "due"),
    [
        ("2026-11-23 14:59", [], []),
        ("2026-11-23 15:00", [], ["after_50"]),
        ("2026-11-23 15:00", ["after_50"], []),
        ("2026-11-23 18:00", ["after_50"], ["after_80"]),
        ("2026-11-23 20:00", ["after_50", "after_80"], []),
        ("2026-11-23 20:01", [], ["after_50", "after_80", "overdue"]),
        ("2027-11-23 20:01", ["after_50", "after_80", "overdue"], []),
    ],
)
def test_marks_come_once_each_in_their_order(now: str, taken: list[str], due: list[str]) -> None:
    start, end = moment("2026-11-23 10:00"), moment("2026-11-23 20:00")
    assert rules.marks_due(start, end, [50, 80], taken, moment(now)) == due


def test_what_was_over_before_it_was_started_is_overdue_at_once() -> None:
    start, end = moment("2026-11-23 10:00"), moment("2026-11-20 23:59")
    assert rules.marks_due(start, end, [50, 80], [], start) == ["overdue"]
