"""The institution's pages: its tree, its committees, and the policy in force."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from governance.approvals import queries as approvals
from governance.committees import queries as committees
from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import approvals_words, seat_label
from registry.core import clock
from registry.core.people import queries
from registry.core.people.models import Department, PostHolding
from registry.core.policy import queries as policy


@page
def tree(request: PersonRequest) -> HttpResponse:
    """Entities with their departments, posts and holders."""
    user = request.user
    entities = queries.visible_entities(user).order_by("path")
    departments = queries.visible_departments(user).order_by("code")
    posts = queries.visible_posts(user).order_by("code")
    holders = {one.post_id: one for one in _holders(request)}
    context = {
        "entities": [
            {
                "row": entity,
                "depth": entity.path.count("/") - 1,
                "departments": [
                    _department(one, posts, holders)
                    for one in departments
                    if one.entity_id == entity.pk
                ],
            }
            for entity in entities
        ],
        "entity_verbs": offered(user, "open-entity", "open-department"),
        "department_verbs": offered(user, "create-post"),
        "post_verbs": offered(user, "hold-post"),
        "holding_verbs": offered(user, "leave-post"),
    }
    return show(request, "institution", gettext("Institution"), context)


def _holders(request: PersonRequest) -> list[PostHolding]:
    """Who holds which post today, or will; the present holder last, so that it is shown."""
    rows = queries.visible_holdings(request.user).exclude(valid_to__lt=clock.today())
    return list(rows.select_related("user").order_by("-valid_from"))


def _department(one: Department, posts: Any, holders: dict[Any, PostHolding]) -> dict[str, Any]:
    held = [
        {"row": post, "holding": holders.get(post.pk)}
        for post in posts
        if post.department_id == one.pk
    ]
    return {"row": one, "posts": held}


@page
def bodies(request: PersonRequest) -> HttpResponse:
    """The committees, each with its seats of today."""
    user = request.user
    seats = (
        committees.visible_seats(user)
        .exclude(valid_to__lt=clock.today())
        .select_related("user", "post")
        .order_by("-is_chair", "name", "valid_from")
    )
    section, rows = approvals_words(), list(seats)
    holders = {one.post_id: one.user for one in _holders(request)}
    for seat in rows:
        holding = holders.get(seat.post_id) if seat.post_id else None
        seat.holder = seat.user or holding  # type: ignore[attr-defined]  # likewise
        seat.seat_label = seat_label(section, seat.name)  # type: ignore[attr-defined]  # for the template alone
    found = committees.visible_to(user).select_related("entity").order_by("code")
    root = queries.root_entity()
    context = {
        "committees": [
            {"row": one, "seats": [seat for seat in rows if seat.committee_id == one.pk]}
            for one in found
        ],
        "root": root,
        "root_verbs": offered(user, "establish-committee") if root else [],
        "committee_verbs": offered(user, "give-seat"),
        "seat_verbs": offered(user, "vacate-seat"),
    }
    return show(request, "committees", gettext("Committees"), context)


@page
def packs(request: PersonRequest) -> HttpResponse:
    """The policy packs as released: which is in force, and whose signatures the others have."""
    rows = list(policy.visible_to(request.user).order_by("key", "-version"))
    signed = approvals.signatures_of(rows)
    context = {
        "packs": [{"row": one, "signatures": signed.get(one.pk, [])} for one in rows],
        "verbs": offered(request.user, "activate-pack"),
    }
    return show(request, "policy", gettext("Policy packs"), context)
