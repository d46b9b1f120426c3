"""What a person has to do by when, for the calendar program of their own: an address, no login."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.clocks import queries as clocks
from governance.clocks.models import Clock
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.words import clock_in_words, kind_in_words, name_of
from governance.desk.rules.icalendar import Event, calendar
from governance.reviews import queries as reviews
from governance.reviews.models import Package, Review
from registry.catalogue.queries import names_shown
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import calendar_key, person_of_calendar

AHEAD = dt.timedelta(days=365)
MOST = 500  # reviews of each part, those due first
REFRESH = dt.timedelta(minutes=15)


@page
def subscribe(request: PersonRequest) -> HttpResponse:
    """The address of the person's own calendar, and how it is revoked."""
    path = reverse("desk:calendar-feed", args=[calendar_key(request.user)])
    address = f"{_origin(request)}{path}"
    _scheme, _colon, rest = address.partition(":")
    context = {"address": address, "opening": f"webcal:{rest}"}
    return show(request, "calendar", _("Subscribe in a calendar"), context)


@require_safe
def feed(request: HttpRequest, key: str) -> HttpResponse:
    """The calendar of whose address it is; for every other address the same 404."""
    user = person_of_calendar(key)
    if user is None:
        return HttpResponse("404\n", status=404, content_type="text/plain; charset=utf-8")
    language = user.language or settings.LANGUAGE_CODE
    with translation.override(language):
        told = calendar(
            _("Mingce: reviews and legal clocks"),
            [*_of_reviews(user, _origin(request)), *_of_clocks(user, _origin(request))],
            stamped_at=clock.now(),
            refresh=REFRESH,
        )
    response = HttpResponse(told, content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = f"private, max-age={int(REFRESH.total_seconds())}"
    response.headers["Content-Language"] = language
    return response


def _origin(request: HttpRequest) -> str:
    """What addresses begin with: the installation's, else that of the request."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")


@dataclass
class _Todo:
    """A package with the kinds that the person carries out and signs off in it."""

    package: Package
    to_do: list[str] = field(default_factory=list)
    to_sign: list[str] = field(default_factory=list)


def _of_reviews(user: User, origin: str) -> list[Event]:
    """One event for each package, on the day on which it is due; two statements and the pack's."""
    section = reviews.active_section()
    found: dict[uuid.UUID, _Todo] = {}
    for part, rows in (
        ("to_do", reviews.to_do(user, clock.today() + AHEAD)),
        ("to_sign", reviews.to_sign(user)),
    ):
        for row in _first(rows):
            row.package.release = row.release
            todo = found.setdefault(row.package_id, _Todo(row.package))
            getattr(todo, part).append(kind_in_words(section, row.kind))
    return [_event_of(todo, origin) for todo in found.values()]


def _first(rows: QuerySet[Review]) -> QuerySet[Review]:
    whole = rows.select_related("package__entity", "release__model_use__model").distinct()
    return whole.order_by("package__due_on", "package_id", "kind")[:MOST]


def _event_of(todo: _Todo, origin: str) -> Event:
    zh, en = reviews.name_of(todo.package)
    about = said({"zh": zh, "en": en})
    summary = _("Review: %(about)s") if todo.to_do else _("Sign off the review: %(about)s")
    lines = []
    if todo.to_do:
        lines.append(_("To carry out: %(kinds)s") % {"kinds": _("; ").join(todo.to_do)})
    if todo.to_sign:
        lines.append(_("To sign off: %(kinds)s") % {"kinds": _("; ").join(todo.to_sign)})
    url = f"{origin}{reverse('desk:package', args=[todo.package.pk])}"
    lines.append(todo.package.code)
    return _event(todo.package, todo.package.due_on, summary % {"about": about}, lines, url)


def _of_clocks(user: User, origin: str) -> list[Event]:
    """One event for each running clock that the person completes, at its last moment."""
    found = []
    for row in clocks.mine(user):
        kind = clock_in_words(clocks.section_of(row.pack), row.kind)
        model = row.release.model_use.model if row.release is not None else None
        zh, en = names_shown(model) if model is not None else ("", "")
        about = said({"zh": zh, "en": en}) if model is not None else name_of(row.entity)
        summary = _("Legal limit: %(clock)s, %(about)s") % {"clock": kind, "about": about}
        url = f"{origin}{reverse('desk:clock', args=[row.pk])}"
        found.append(_event(row, row.due_at, summary, [row.code], url))
    return found


def _event(
    row: Package | Clock, at: dt.date | dt.datetime, summary: str, lines: list[str], url: str
) -> Event:
    return Event(f"{row.pk}@mingce", row.row_version, at, summary, "\n".join(lines), url)
