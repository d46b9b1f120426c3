"""When people are written to, and how long a failed attempt waits. Pure."""

from __future__ import annotations

import datetime as dt

FIRST_HOUR, LAST_HOUR = 8, 18  # local; outside them people are left in peace
MOST_ATTEMPTS = 8


def may_write(hour: int, *, is_working_day: bool) -> bool:
    """Whether digests go out at this local hour."""
    return is_working_day and FIRST_HOUR <= hour < LAST_HOUR


def waits(attempts: int) -> dt.timedelta:
    """How long after so many failed attempts the next is made: 10 minutes, doubled each time."""
    return dt.timedelta(minutes=10 * 2 ** min(attempts, 6))
