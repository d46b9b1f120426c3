"""Working days and months. Public holidays come from the `holidays` library. Pure.

China's arrangement (调休: days off in exchange for worked weekends) is published year by year by
the State Council. A year that the library does not know yet is told by an arrangement that a
person has recorded; until then it is reckoned by the law alone, and said to be unpublished.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import holidays
from holidays.countries.china import ChinaStaticHolidays

FIRST_YEAR, LAST_YEAR = 2000, 2100
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True)
class WorkingDays:
    """A country's working days.

    changed: days that are worked (True) or off (False) whatever the library says; published: years
    whose arrangement was recorded here.
    """

    country: str
    changed: Mapping[dt.date, bool] = field(default_factory=dict)
    published: frozenset[int] = frozenset()

    def holds(self, day: dt.date) -> bool:
        """Whether the day is worked, make-up weekends included."""
        if day in self.changed:
            return self.changed[day]
        return _is_worked(self.country, day)

    def is_published(self, year: int) -> bool:
        """Whether the year's arrangement is known: by the library, or recorded here."""
        if self.country != "CN" or year in self.published:
            return True
        return year in ChinaStaticHolidays.special_public_holidays

    def after(self, start: dt.date, count: int) -> dt.date:
        """The day on which `count` working days after `start` have passed."""
        return self._walk(start, count, dt.timedelta(days=1))

    def before(self, end: dt.date, count: int) -> dt.date:
        """The day from which `count` working days pass until `end`."""
        return self._walk(end, count, dt.timedelta(days=-1))

    def _walk(self, day: dt.date, count: int, step: dt.timedelta) -> dt.date:
        while count > 0:
            day += step
            count -= self.holds(day)
        return day


@lru_cache(maxsize=4096)
def _is_worked(country: str, day: dt.date) -> bool:
    year = _of_year(country, day.year)
    if year.weekend == {SUNDAY} and day.weekday() == SATURDAY:
        return day in year.weekend_workdays  # such as Hong Kong: offices rest on Saturdays
    return bool(year.is_working_day(day))


@lru_cache(maxsize=256)
def _of_year(country: str, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=year)


def is_known(country: str) -> bool:
    """Whether the library knows the country's holidays."""
    return country in holidays.list_supported_countries(include_aliases=False)


def holiday_names(country: str, year: int, language: str) -> dict[dt.date, str]:
    """The year's public holidays in the language, as the library names them."""
    found = holidays.country_holidays(country, years=year, language=language)
    return {day: str(name) for day, name in found.items()}


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day some months later, or the last of that month: 31 January + 1 = 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


def days_in(told: str, year: int) -> list[dt.date]:
    """The days that a text lists, one by one or as spans: `2027-02-05..2027-02-11`.

    Raises ValueError with the piece that is no day, or lies in another year.
    """
    found: set[dt.date] = set()
    for piece in re.split(r"[\s,，、;；]+", told.strip()):
        if not piece:
            continue
        first, _, last = piece.partition("..")
        try:
            begin, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
        except ValueError:
            raise ValueError(piece) from None
        if begin.year != year or end.year != year or end < begin:
            raise ValueError(piece)
        found |= {begin + dt.timedelta(days=n) for n in range((end - begin).days + 1)}
    return sorted(found)
