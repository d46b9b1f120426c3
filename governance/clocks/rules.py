"""Until when a legal clock runs, and when it warns. Pure.

A clock counts from its event and never pauses (regulations II.5.3). Days end at midnight of the
institution's time zone; hours are hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from registry.core.calendars.rules import WorkingDays, add_months

OVERDUE = "overdue"
_LAST_SECOND = dt.time(23, 59, 59)


@dataclass(frozen=True)
class Span:
    """How long: one of the four. before: counted back from the event, which lies ahead."""

    hours: int = 0
    days: int = 0
    working_days: int = 0
    months: int = 0
    before: bool = False


def due_at(
    span: Span, event_at: dt.datetime, calendar: WorkingDays, zone: dt.tzinfo
) -> dt.datetime:
    """The last moment at which what the clock asks for is in time."""
    if span.hours:
        delta = dt.timedelta(hours=span.hours)
        exact = event_at.astimezone(dt.UTC)  # hours are hours, also where clocks are put forward
        return exact - delta if span.before else exact + delta
    day = event_at.astimezone(zone).date()
    if span.working_days:
        count = calendar.before if span.before else calendar.after
        last = count(day, span.working_days)
    elif span.days:
        last = day + dt.timedelta(days=-span.days if span.before else span.days)
    else:
        last = add_months(day, -span.months if span.before else span.months)
    return dt.datetime.combine(last, _LAST_SECOND, zone).astimezone(dt.UTC)


def marks(
    started_at: dt.datetime, due: dt.datetime, warn_percents: Sequence[int]
) -> list[tuple[str, dt.datetime]]:
    """When the clock warns: after so many percent of its time, and once it has run out."""
    whole = due - started_at
    found = [
        (f"after_{percent}", started_at + whole * percent / 100)
        for percent in warn_percents
        if whole > dt.timedelta()
    ]
    return [*found, (OVERDUE, due + dt.timedelta(seconds=1))]


def marks_due(
    started_at: dt.datetime,
    due: dt.datetime,
    warn_percents: Sequence[int],
    taken: Collection[str],
    now: dt.datetime,
) -> list[str]:
    """The marks that have come and have not been taken yet, in their order."""
    return [
        mark
        for mark, moment in marks(started_at, due, warn_percents)
        if mark not in taken and moment <= now
    ]
