"""Reading calendars."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from registry.core.calendars.models import Arrangement
from registry.core.calendars.rules import WorkingDays
from registry.core.people.models import User


def visible_to(user: User) -> QuerySet[Arrangement]:
    """Working days are no secret."""
    return Arrangement.objects.select_related("proposed_by", "confirmed_by")


def working_days(country: str) -> WorkingDays:
    """The country's working days, with what was recorded here; one statement."""
    rows = list(Arrangement.objects.filter(country=country))
    changed = {dt.date.fromisoformat(day): False for row in rows for day in row.days_off}
    changed |= {dt.date.fromisoformat(day): True for row in rows for day in row.worked_days}
    return WorkingDays(country, changed, frozenset(row.year for row in rows if row.is_published))


def recorded(country: str, year: int) -> Arrangement | None:
    """What was recorded for the year here."""
    return Arrangement.objects.filter(country=country, year=year).first()


def to_confirm(user: User) -> QuerySet[Arrangement]:
    """Proposed by somebody else for a year that is published."""
    return visible_to(user).exclude(proposal=None).exclude(proposed_by=user)


def changed(row: Arrangement, proposal: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """The days that would newly be off, be worked, and be neither recorded off nor worked."""
    off = set(proposal["days_off"]) - set(row.days_off)
    worked = set(proposal["worked_days"]) - set(row.worked_days)
    told = set(proposal["days_off"]) | set(proposal["worked_days"])
    gone = {*row.days_off, *row.worked_days} - told
    return sorted(off), sorted(worked), sorted(gone)
