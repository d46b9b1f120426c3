"""What the ladder owes on a day, reckoned afresh from the pack's lines and the public calendar.

It shares the pack with the product and none of its arithmetic: tests hold the product against it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import holidays
from django.conf import settings

from governance.reviews.rules import Effect, Step
from governance.reviews.schema import ReviewsSection
from registry.core.policy.schema import load_yaml, validate

PACK = settings.POLICY_PACKS_DIR / "cn-nfra" / "reviews.yaml"
SECTION = validate(ReviewsSection, load_yaml(PACK), "reviews.yaml")
STEPS = SECTION.steps()
BY_KEY = {step.key: step for step in STEPS}
CHINA = holidays.country_holidays("CN", years=range(2025, 2035))
DAY, MONTH = dt.timedelta(days=1), dt.timedelta(days=31)
Came = Mapping[tuple[str, dt.date], dt.date]  # (rung, counted from) → the day on which it came


@dataclass(frozen=True)
class Row:
    """A package as the store holds it."""

    place: str
    due_on: dt.date
    planned_on: dt.date
    held_until: dt.date | None = None

    def counted_from(self, step: Step) -> dt.date:
        """The date that stands in the unique key of the rung."""
        return self.held_until if self.held_until and bites(step) else self.due_on


def bites(step: Step) -> bool:
    """Reminders go on during a deferral; whatever does more than remind is held."""
    return step.effect is not Effect.NONE


@cache
def is_worked(day: dt.date) -> bool:
    return bool(CHINA.is_working_day(day))


def worked(first: dt.date, until: dt.date) -> int:
    """How many days are worked from the first on, until the day before the other."""
    return sum(is_worked(first + DAY * n) for n in range((until - first).days))


def own_day(row: Row, step: Step) -> dt.date | None:
    """The day that the pack's line gives; for an announcement, that of what it announces."""
    line = BY_KEY.get(step.before, step)
    if row.place not in line.days:
        return None
    day = row.due_on + dt.timedelta(days=line.days[row.place])
    if day < row.planned_on and step is STEPS[0]:
        day = row.planned_on
    if row.held_until is not None and bites(line):
        day = max(day, row.held_until + DAY)
    return day if day >= row.planned_on else None


def may_come(row: Row, step: Step, today: dt.date, came: Came) -> bool:
    """The rung's day has come; a restriction was announced its working days before."""
    day = own_day(row, step)
    if day is None:
        return False
    if step.before:
        return day - today < MONTH and worked(today + DAY, day) < step.working_days
    if day > today:
        return False
    for announcement in STEPS:
        if announcement.before == step.key:
            announced = came.get((announcement.key, row.counted_from(announcement)))
            if announced is None or worked(announced, today) < announcement.working_days:
                return False
    return True


def left(row: Row, today: dt.date, came: Came) -> list[str]:
    """The rungs that should have come by now and have not; what is announced bites on work days."""
    return [
        step.key
        for step in STEPS
        if (step.key, row.counted_from(step)) not in came
        and may_come(row, step, today, came)
        and (step.effect is not Effect.RESTRICT or is_worked(today))
    ]
