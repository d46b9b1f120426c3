"""The audit trail for people: browse, verify, export."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.desk.admin.pages import PersonRequest, page, show
from governance.trail import queries
from registry.core.jobs import services as jobs
from registry.core.jobs.queries import visible_to as visible_jobs
from registry.core.people.queries import get_or_refuse, require_everywhere, standing
from registry.core.people.rules import Capability

PAGE = 50


@page
def trail(request: PersonRequest) -> HttpResponse:
    """The ledger, newest first, in words."""
    require_everywhere(request.user, Capability.READ_TRAIL)
    entries = queries.visible_to(request.user)
    before, kind = request.GET.get("before", ""), request.GET.get("kind", "")
    if before.isdecimal():
        entries = entries.filter(seq__lt=int(before[:18]))
    if kind:
        entries = entries.filter(kind__startswith=kind[:80])
    found = list(entries[: PAGE + 1])
    context = {
        "lines": queries.in_words(found[:PAGE]),
        "next_before": found[PAGE - 1].seq if len(found) > PAGE else None,
        "kind": kind,
        "may_export": standing(request.user).may(Capability.EXPORT_LEDGER),
        "jobs": visible_jobs(request.user).filter(kind__startswith="ledger.")[:5],
    }
    return show(request, "trail", _("Audit trail"), context)


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
    return show(request, "job", _("Job"), {"job": row, "poll_url": f"/jobs/{pk}/progress/"})


@page
def progress(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The progress alone, for polling; a finished job reloads the page."""
    row = get_or_refuse(visible_jobs(request.user), pk)
    response = show(
        request, "parts/progress", "", {"job": row, "poll_url": f"/jobs/{pk}/progress/"}
    )
    if row.ended_at:
        response["HX-Refresh"] = "true"
    return response
