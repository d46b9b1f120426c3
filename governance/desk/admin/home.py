"""My desk."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.desk import queries
from governance.desk.admin import orders
from governance.desk.admin.clocks import in_words as clocks_in_words
from governance.desk.admin.oversight import in_words as cases_in_words
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.reviews import in_words
from governance.desk.admin.watching import breaches_in_words
from governance.desk.admin.words import approvals_words, body_label, requirement_labels
from governance.suspensions import queries as suspensions
from registry.core.dispatch import services as dispatch
from registry.core.notices import services as notices
from registry.core.people import services as people
from registry.core.people.models import ROLE_LABELS, User
from registry.core.people.queries import require, standing
from registry.core.people.rules import Capability


@page
def home(request: PersonRequest) -> HttpResponse:
    """What waits for the person, and what the person answers for."""
    found = standing(request.user)
    desk = queries.desk_of(request.user)
    _put_in_words(request.user, desk)
    context = {
        "desk": desk,
        "roles": [ROLE_LABELS[role] for role in sorted(found.role_set)],
        "may_register": found.may(Capability.REGISTER),
    }
    return show(request, "home", _("My desk"), context)


def _put_in_words(user: User, desk: queries.Desk) -> None:
    """The orders say what is stopped, the exceptions which requirement they are about."""
    for order in orders.tell(user, desk.orders):
        order.target_label, order.target_url = suspensions.target_of(order)
    if desk.to_review or desk.to_sign:
        in_words([*desk.to_review, *desk.to_sign])
    desk.cases[:] = cases_in_words(desk.cases)
    desk.breaches[:] = breaches_in_words(desk.breaches)
    desk.clocks[:] = clocks_in_words(desk.clocks)
    section = approvals_words() if desk.votes or desk.to_close else None
    for step in desk.to_close:
        step.body_label = body_label(section, step.body_code) if section else ""
    desk.awaited[:] = [
        {
            "release": one.release,
            "label": said(one.requirement.label.model_dump()),
            "kind": one.requirement.documents[0],
        }
        for one in desk.awaited
    ]
    for seat in desk.votes:
        seat.body_label = body_label(section, seat.step.body_code) if section else ""
    labels = requirement_labels() if desk.exemptions or desk.waivers else {}
    for row in (*desk.exemptions, *desk.waivers):
        row.requirement_label = labels.get(row.requirement, row.requirement)


@page
@require_POST
def preferences(request: PersonRequest) -> HttpResponse:
    """The person reads Mingce in the chosen language."""
    chosen = request.POST.get("language", "")
    language = chosen if chosen in ("zh-hans", "en") else ""
    people.set_preferences(actor=request.user, language=language, time_zone=request.user.time_zone)
    return HttpResponseRedirect(_next(request))


@page
@require_POST
def read_notices(request: PersonRequest) -> HttpResponse:
    """The notices on the desk are read."""
    for notice in queries.desk_of(request.user).notices:
        notices.read(actor=request.user, notice_id=notice.pk)
    return HttpResponseRedirect(_next(request))


@page
@require_POST
def release_parked(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The parked object's reactions are tried again."""
    require(request.user, Capability.MANAGE_PEOPLE)
    dispatch.release(actor=request.user, subject_id=pk)
    messages.success(request, _("It is tried again at once."))
    return HttpResponseRedirect(reverse("admin:index"))


def _next(request: PersonRequest) -> str:
    asked = request.POST.get("next", "")
    fine = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if fine else reverse("admin:index")
