"""Until when a case is decided: minutes of the working day, of shifts, or of the clock. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


def due_at(
    opened_at: dt.datetime,
    minutes: int,
    *,
    begin: dt.time,
    end: dt.time,
    is_worked: Callable[[dt.date], bool],
    zone: dt.tzinfo,
) -> dt.datetime:
    """The moment at which so many minutes of working time have passed since `opened_at`.

    Working time is from `begin` to `end` of each day that is worked, in the zone's wall clock.
    """
    left = dt.timedelta(minutes=minutes)
    moment = opened_at.astimezone(zone)
    while True:
        day = moment.date()
        opens = dt.datetime.combine(day, begin, zone)
        closes = dt.datetime.combine(day, end, zone)
        start = max(moment, opens)
        if is_worked(day) and start < closes:
            if start + left <= closes:
                return (start + left).astimezone(dt.UTC)
            left -= closes - start
        moment = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)


@dataclass(frozen=True, slots=True)
class Shift:
    """When reviewers are there: on which days of the week (0 is Monday), from when, how long."""

    days: frozenset[int]
    begin: dt.time
    lasts: dt.timedelta


def due_in_shifts(
    opened_at: dt.datetime, minutes: int, *, shifts: Sequence[Shift], zone: dt.tzinfo
) -> dt.datetime:
    """The moment at which so many minutes of the shifts have passed since `opened_at`.

    Shifts begin and end by the zone's wall clock; what two of them cover counts once.
    """
    left = dt.timedelta(minutes=minutes)
    moment = opened_at.astimezone(dt.UTC)
    for opens, closes in _spans(moment.astimezone(zone).date(), shifts, zone):
        start = max(moment, opens)
        if start + left <= closes:
            return start + left
        left -= max(closes - start, dt.timedelta())
        moment = max(moment, closes)
    raise AssertionError("a shift has a day")


def _spans(
    day: dt.date, shifts: Sequence[Shift], zone: dt.tzinfo
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Every shift from the evening before the day on, in the order in which they begin."""
    ordered = sorted(shifts, key=lambda one: one.begin)
    day -= dt.timedelta(days=1)
    while ordered:
        for one in ordered:
            if day.weekday() in one.days:
                begin = dt.datetime.combine(day, one.begin, zone)
                yield begin.astimezone(dt.UTC), (begin + one.lasts).astimezone(dt.UTC)
        day += dt.timedelta(days=1)
