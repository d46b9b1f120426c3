"""The audit trail for people: browse, verify, export."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.desk.admin.chronicle import GROUPS, tell
from governance.desk.admin.packs import forecast_in_words
from governance.desk.admin.pages import PersonRequest, page, show
from governance.reviews.queries import owing
from governance.trail import queries
from registry.core.jobs import services as jobs
from registry.core.jobs.admin import job_label, stage_label
from registry.core.jobs.models import Job
from registry.core.jobs.queries import visible_to as visible_jobs
from registry.core.ledger.models import Entry
from registry.core.people.queries import (
    get_or_refuse,
    require_everywhere,
    standing,
    visible_users,
)
from registry.core.people.rules import Capability

PAGE = 50
MOST_PEOPLE = 1000


class TrailFilter(forms.Form):
    """What the trail is narrowed to. What cannot be read narrows nothing."""

    group = forms.ChoiceField(choices=[(key, label) for key, label, _words in GROUPS])
    who = forms.UUIDField()
    since = forms.DateField()
    until = forms.DateField()
    before = forms.IntegerField(min_value=1, max_value=2**62)

    def chosen(self) -> dict[str, Any]:
        """The values that can be read, by name."""
        self.is_valid()
        return self.cleaned_data


def _narrowed(entries: QuerySet[Entry], chosen: dict[str, Any]) -> QuerySet[Entry]:
    """The entries of the group, by the person, of the days in the reader's time zone."""
    words = next((words for key, _label, words in GROUPS if key == chosen.get("group")), ())
    if not words and "who" not in chosen:
        entries = entries.exclude(kind="person.preferences_set")
    if words:
        kinds = [Q(kind__startswith=f"{word}.") for word in words]
        entries = entries.filter(reduce(or_, kinds))
    if "who" in chosen:
        entries = entries.filter(actor=chosen["who"])
    if "since" in chosen:
        entries = entries.filter(recorded_at__gte=_start_of(chosen["since"]))
    if "until" in chosen:
        entries = entries.filter(recorded_at__lt=_start_of(chosen["until"] + dt.timedelta(days=1)))
    if "before" in chosen:
        entries = entries.filter(seq__lt=chosen["before"])
    return entries


def _start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


@page
def trail(request: PersonRequest) -> HttpResponse:
    """The ledger, newest first, in words."""
    require_everywhere(request.user, Capability.READ_TRAIL)
    chosen = TrailFilter(request.GET).chosen()
    found = list(_narrowed(queries.visible_to(request.user), chosen)[: PAGE + 1])
    jobs_here = list(visible_jobs(request.user).filter(kind__startswith="ledger.")[:5])
    for row in jobs_here:
        row.label = job_label(row.kind)  # type: ignore[attr-defined]  # for the template alone
    context = {
        "hidden": _hidden(request, chosen, found),
        "lines": tell(request.user, queries.in_words(found[:PAGE])),
        "earlier": _earlier(request, found[PAGE - 1].seq) if len(found) > PAGE else "",
        "chosen": chosen | {"is_narrowed": bool(chosen)},
        "groups": [(key, label) for key, label, _words in GROUPS],
        "people": visible_users(request.user).order_by("name")[:MOST_PEOPLE],
        "may_export": standing(request.user).may(Capability.EXPORT_LEDGER),
        "jobs": jobs_here,
    }
    return show(request, "trail", _("Audit trail"), context)


def _hidden(request: PersonRequest, chosen: dict[str, Any], found: list[Entry]) -> int:
    """How many entries about confidential models lie among those of the page."""
    hidden = _narrowed(queries.hidden_from(request.user), chosen)
    if len(found) > PAGE:
        hidden = hidden.filter(seq__gt=found[PAGE - 1].seq)
    return hidden.count()


def _earlier(request: PersonRequest, seq: int) -> str:
    told = request.GET.copy()
    told["before"] = str(seq)
    return f"?{told.urlencode()}"


@page
@require_POST
def start(request: PersonRequest, kind: str) -> HttpResponse:
    """A verification or an export is requested; its progress is shown."""
    needed = Capability.EXPORT_LEDGER if kind == "export" else Capability.READ_TRAIL
    require_everywhere(request.user, needed)
    job = jobs.request(actor=request.user, kind=f"ledger.{kind}", arguments={})
    return HttpResponseRedirect(f"/jobs/{job.pk}/")


@page
def job(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """How far a job is, and what came of it."""
    row = get_or_refuse(visible_jobs(request.user), pk)
    return show(request, "job", _("Job"), _shown(row) | _result(row))


def _result(row: Job) -> dict[str, Any]:
    """What came of it, as the page draws it."""
    found: dict[str, Any] = {"sha256": queries.digest_of_export(row)}
    if row.kind == owing.JOB and row.result and "rows" in row.result:
        found["forecast"] = forecast_in_words(row.result)
    return found


def _shown(row: Job) -> dict[str, Any]:
    """The job in words, and where its progress is asked for."""
    return {
        "job": row,
        "label": job_label(row.kind),
        "stage": stage_label(row.stage),
        "poll_url": f"/jobs/{row.pk}/progress/",
    }


@page
def progress(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The progress alone, for polling; a finished job reloads the page."""
    row = get_or_refuse(visible_jobs(request.user), pk)
    response = show(request, "parts/progress", "", _shown(row))
    if row.ended_at:
        response["HX-Refresh"] = "true"
    return response
