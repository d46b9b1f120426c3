"""Until when a case is decided: minutes of the working day, or of the clock. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable


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
