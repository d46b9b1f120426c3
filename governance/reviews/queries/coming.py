"""The rungs of the ladder that have come, as queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import models
from django.db.models import Exists, Min, OuterRef, Q
from django.db.models.functions import Coalesce

from governance.reviews import queries
from governance.reviews.models import Package, Reminder
from governance.reviews.rules import HELD_BY_A_DEFERRAL, Step, announced_by
from governance.reviews.schema import ReviewsSection
from registry.core.calendars.rules import WorkingDays


@dataclass(frozen=True)
class Rung:
    """A step of the ladder with the packages for which it has come and has not been taken."""

    step: Step
    packages: models.QuerySet[Package]


def due_rungs(section: ReviewsSection, today: dt.date) -> list[Rung]:
    """What is due on the day, as queries: `rules.steps_due` in SQL (a test holds them together).

    A rung whose day has come for no open package, whichever it is, is left out.
    """
    steps, calendar = section.steps(), queries.working_days(section)
    open_packages = Package.objects.filter(state="open").order_by()
    first = dict(open_packages.values_list("place").annotate(Min("due_on")))
    return [
        Rung(step, open_on(section).filter(_has_come(step, steps, calendar, today)))
        for step in steps
        if any(
            first.get(place, dt.date.max) <= last
            for place, last in _last_due(step, steps, calendar, today).items()
        )
    ]


def open_on(section: ReviewsSection) -> models.QuerySet[Package]:
    """The open packages, each annotated with the date from which held effects count."""
    return Package.objects.filter(state="open").annotate(held_from=Coalesce("held_until", "due_on"))


def _has_come(step: Step, steps: tuple[Step, ...], calendar: WorkingDays, today: dt.date) -> Q:
    announced = announced_by(step, steps)
    come = Q(pk__in=[])
    for place, last in _last_due(step, steps, calendar, today).items():
        here = Q(place=place, due_on__lte=last)
        if step is steps[0]:
            here &= Q(planned_on__lte=today)
        else:
            here &= _not_before_planning(announced, dt.timedelta(days=announced.days[place]))
        come |= here
    if announced.effect in HELD_BY_A_DEFERRAL:
        held_before = _last_day(step, calendar, today)
        come &= Q(held_until=None) | Q(held_until__lt=held_before)
    for announcement in steps:
        if announcement.before == step.key:
            if not calendar.holds(today):
                return Q(pk__in=[])
            latest = calendar.before(today, announcement.working_days)
            come &= Q(Exists(_taken(announcement).filter(came_on__lte=latest)))
    return come & ~Q(Exists(_taken(step)))


def _last_day(step: Step, calendar: WorkingDays, today: dt.date) -> dt.date:
    """The last day of a rung that has come by now, or is to be announced by now."""
    return _last_before(calendar, today, step.working_days) if step.before else today


def _last_due(
    step: Step, steps: tuple[Step, ...], calendar: WorkingDays, today: dt.date
) -> dict[str, dt.date]:
    """Place → the last due date for which the rung's day has come."""
    last = _last_day(step, calendar, today)
    days = announced_by(step, steps).days
    return {place: last - dt.timedelta(days=count) for place, count in days.items()}


def _not_before_planning(step: Step, offset: dt.timedelta) -> Q:
    """The rung's own day is not from before the planning; one that was deferred never is."""
    own = Q(due_on__gte=_planned_less(offset))
    held = Q(held_until__gte=_planned_less(dt.timedelta(days=1)))
    return own | held if step.effect in HELD_BY_A_DEFERRAL else own


def _planned_less(offset: dt.timedelta) -> models.Expression:
    return models.ExpressionWrapper(
        models.F("planned_on") - models.Value(offset), output_field=models.DateField()
    )


def _taken(step: Step) -> models.QuerySet[Reminder]:
    counted = "held_from" if step.effect in HELD_BY_A_DEFERRAL else "due_on"
    return Reminder.objects.filter(package=OuterRef("pk"), rung=step.key, for_on=OuterRef(counted))


def _last_before(calendar: WorkingDays, today: dt.date, notice: int) -> dt.date:
    """The last day that is announced by now, so many working days ahead."""
    day = today
    while calendar.before(day + dt.timedelta(days=1), notice) <= today:
        day += dt.timedelta(days=1)
    return day
