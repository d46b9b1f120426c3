"""Working days. China's adjusted holidays (调休) come from the `holidays` library."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays

# The State Council's arrangements are published for these years; later ones are not known yet.
CONFIRMED_UNTIL = 2026


@lru_cache(maxsize=256)
def _of_year(country: str, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=year)


def is_working_day(day: dt.date, country: str = "CN") -> bool:
    """Whether the day is worked in the country, make-up weekends included."""
    return bool(_of_year(country, day.year).is_working_day(day))


def is_confirmed(day: dt.date) -> bool:
    """Whether the year's arrangement has been published."""
    return day.year <= CONFIRMED_UNTIL


def add_working_days(start: dt.date, days: int, country: str = "CN") -> dt.date:
    """The day on which `days` working days after `start` have passed."""
    day = start
    while days > 0:
        day += dt.timedelta(days=1)
        if is_working_day(day, country):
            days -= 1
    return day


def subtract_working_days(end: dt.date, days: int, country: str = "CN") -> dt.date:
    """The day from which `days` working days pass until `end`."""
    day = end
    while days > 0:
        day -= dt.timedelta(days=1)
        if is_working_day(day, country):
            days -= 1
    return day
