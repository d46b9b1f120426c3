"""The page of working days: a country's year, month by month."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.subjects.institution import proposed
from governance.desk.admin.verbs import offered
from registry.core import clock
from registry.core.calendars import queries, rules
from registry.core.calendars.rules import WorkingDays
from registry.core.people.queries import root_entity

COUNTRIES = {
    "CN": _("China"), "HK": _("Hong Kong"), "SG": _("Singapore"), "US": _("United States"),
    "CA": _("Canada"), "GB": _("United Kingdom"), "DE": _("Germany"), "FR": _("France"),
    "JP": _("Japan"),
}  # fmt: skip


@page
def year(request: PersonRequest) -> HttpResponse:
    """Which days of a year are worked, which are off and why, and how sure that is."""
    country = request.GET.get("country", "")
    country = country if rules.is_known(country) else settings.CALENDAR
    shown = _year(request.GET.get("year", ""))
    days = queries.working_days(country)
    recorded = queries.visible_to(request.user).filter(country=country, year=shown).first()
    context = {
        "country": country,
        "countries": COUNTRIES.items(),
        "year": shown,
        "is_published": days.is_published(shown),
        "recorded": recorded,
        "proposed": proposed(recorded) if recorded else (),
        "months": [_month(days, shown, month) for month in range(1, 13)],
        "institution": root_entity(),
        "verbs": offered(request.user, "arrange-working-days"),
        "may_confirm": recorded is not None and recorded.proposed_by_id != request.user.pk,
    }
    return show(request, "working_days", gettext("Working days"), context)


def _year(asked: str) -> int:
    """The year that was asked for, else the present one."""
    found = int(asked) if asked.isdecimal() and len(asked) == 4 else clock.today().year
    return found if rules.FIRST_YEAR <= found <= rules.LAST_YEAR else clock.today().year


def _month(days: WorkingDays, shown: int, month: int) -> dict[str, Any]:
    """The month's weeks, Monday first; each day with its name where it is a holiday."""
    in_chinese = (get_language() or "").startswith("zh")
    names = rules.holiday_names(days.country, shown, "zh_CN" if in_chinese else "en_US")
    return {
        "first": dt.date(shown, month, 1),
        "weeks": [
            [_day(days, day, names) if day.month == month else None for day in week]
            for week in calendar.Calendar().monthdatescalendar(shown, month)
        ],
    }


def _day(days: WorkingDays, day: dt.date, names: dict[dt.date, str]) -> dict[str, Any]:
    is_worked, is_weekend = days.holds(day), day.weekday() > 4
    kind = ""
    if is_worked and is_weekend:
        kind = "made-up"
    elif not is_worked and not is_weekend:
        kind = "holiday"
    elif not is_worked:
        kind = "weekend"
    name = gettext("worked") if kind == "made-up" else names.get(day, "")
    return {"day": day, "kind": kind, "name": name}
