"""The pages of attestation campaigns: progress by department, my rows, rows to sign together."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import name_of
from governance.reviews import services
from governance.reviews.models import Campaign, Review
from governance.reviews.queries import attesting
from registry.core import clock
from registry.core.errors import DomainError
from registry.core.ledger import services as ledger
from registry.core.people.queries import get_or_refuse, root_entity
from registry.core.web.parsing import is_uuid
from registry.core.web.wording import whole_text

MOST = 50  # rows at a time, as many as one act takes


@page
def campaigns(request: PersonRequest) -> HttpResponse:
    """The campaigns with their progress, the open ones first."""
    user = request.user
    rows = attesting.visible_campaigns(user).select_related("entity").order_by("-state", "-due_on")
    context = {
        "campaigns": [_told(one, request) for one in rows[:20]],
        "institution": root_entity(),
        "verbs": offered(user, "open-campaign"),
    }
    return show(request, "campaigns", _("Attestation"), context)


@page
@require_http_methods(["GET", "POST"])
def campaign(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """One campaign; its rows are confirmed or signed here, many at once."""
    user = request.user
    found = attesting.visible_campaigns(user).select_related("entity", "opened_by")
    row = get_or_refuse(found, pk)
    if request.method == "POST":
        _answer(request, row)
        return HttpResponseRedirect(f"/attestations/{row.pk}/")
    mine = attesting.to_confirm(user).filter(campaign=row)
    context = _told(row, request) | {
        "mine": _rows(mine),
        "to_sign": _rows(attesting.to_sign_together(row, user)),
        "excepted": _rows(attesting.rows_of(row, user).filter(outcome="with_findings")),
        "verbs": offered(user, "close-campaign") if row.state == "open" else [],
    }
    return show(request, "campaign", row.title, context)


def _answer(request: PersonRequest, row: Campaign) -> None:
    """The chosen rows are confirmed, or signed; a refusal is told on the page."""
    chosen = [uuid.UUID(one) for one in request.POST.getlist("reviews") if is_uuid(one)]
    about = {"actor": request.user, "campaign_id": row.pk, "review_ids": chosen}
    try:
        if request.POST.get("verb") == "sign":
            done = services.sign_off_many(**about)  # type: ignore[arg-type]  # one for both verbs
        else:
            done = services.confirm(**about, note=request.POST.get("note", ""))  # type: ignore[arg-type]  # likewise
    except DomainError as refusal:
        ledger.record_refusal(actor=request.user, subject=row, refusal=refusal)
        messages.error(request, whole_text(refusal))
    else:
        messages.success(request, _("%(count)s rows done.") % {"count": len(done)})


def _rows(reviews: Any) -> list[Review]:
    """Each row with what its owner vouches for."""
    found = list(
        reviews.select_related(
            "release__model_use__model__department",
            "release__model_use__model__owner",
            "release__model_use__use_case",
            "release__model_use__entity",
            "release__version",
            "submitted_by",
        ).order_by("release__model_use__model__code", "pk")[:MOST]
    )
    for one in found:
        told: Any = one  # Any: an attribute for the template alone
        told.about = name_of(one.release.model_use.model) if one.release else ""
    return found


def _told(row: Campaign, request: PersonRequest) -> dict[str, Any]:
    progress = attesting.progress(row, request.user)
    total = sum(one.total for one in progress)
    waiting = sum(one.waiting for one in progress)
    return {
        "campaign": row,
        "progress": progress,
        "total": total,
        "answered": total - waiting,
        "percent": round(100 * (total - waiting) / total) if total else 0,
        "days_left": (row.due_on - clock.today()).days,
    }
