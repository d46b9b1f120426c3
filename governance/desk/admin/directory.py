"""The directory: a person's roles, delegations and tokens, with the buttons that change them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext

from governance.checkpoints import queries as checkpoints
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import approvals_words, body_label, name_of
from governance.desk.queries import tasks_of
from registry.core.adminkit import named
from registry.core.people import queries
from registry.core.people.admin import scopes_in_words
from registry.core.people.models import User
from registry.core.people.rules import Capability, Role


@page
def person(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """Who somebody is, and what they may do until when."""
    user = request.user
    row = queries.get_or_refuse(queries.visible_users(user), pk)
    own = row.pk == user.pk
    context = {
        "person": row,
        "roles": queries.visible_roles(user)
        .filter(user=row)
        .select_related("entity", "department")
        .order_by("-valid_from"),
        "holdings": queries.visible_holdings(user)
        .filter(user=row)
        .select_related("post__department")
        .order_by("-valid_from"),
        "delegations": _delegations(user, row),
        "tokens": _tokens(user, row),
        "own": own,
        "sees_email": own or queries.standing(user).may(Capability.MANAGE_PEOPLE),
        "tasks": tasks_of(user, row),
        "verbs": offered(user, *_verbs(user, row)),
        "role_verbs": offered(user, "end-role"),
        "competences": _competences(user, row),
        "competence_verbs": offered(user, "end-competence"),
    }
    return show(request, "person", row.name, context)


def _delegations(user: User, row: User) -> list[Any]:
    """Who stands in for the person, and for whom they do; each with its body in words."""
    found: list[Any] = list(
        queries.visible_delegations(user)
        .filter(Q(principal=row) | Q(delegate=row))
        .select_related("delegate", "principal")
        .order_by("-valid_from")
    )
    section = approvals_words() if found else None
    for one in found:
        one.body_label = body_label(section, one.body_code) if section and one.body_code else ""
        one.waits = one.accepted_at is None and one.revoked_at is None
        one.is_mine_to_accept = one.waits and one.delegate_id == user.pk
        one.is_mine_to_end = not one.revoked_at and user.pk in (one.principal_id, one.delegate_id)
    return found


def _tokens(user: User, row: User) -> list[Any]:
    """The person's tokens, with their scopes in words."""
    found: list[Any] = list(queries.visible_tokens(user).filter(user=row).order_by("-expires_at"))
    for one in found:
        one.scopes_shown = scopes_in_words(one.scopes)
    return found


def _competences(user: User, row: User) -> list[Any]:
    """What the person is trained for, with its name; what has ended or run out stays readable."""
    labels = checkpoints.active_section().competences
    held = checkpoints.visible_competences(user).filter(user=row)
    found: list[Any] = list(held.order_by("-valid_to", "-pk")[:50])
    for one in found:
        one.label = said(labels[one.key].model_dump()) if one.key in labels else one.key
    return found


def _everybody(user: User) -> list[Any]:
    """The people with their roles of today and where they work: three statements for all."""
    roles: dict[uuid.UUID, list[str]] = {}
    places: dict[uuid.UUID, str] = {}
    held = queries.visible_roles(user).filter(queries.on_duty()).select_related("department")
    for one in held.order_by("role"):
        roles.setdefault(one.user_id, []).append(capfirst(one.get_role_display()))
        if one.department:
            places.setdefault(one.user_id, named(one.department))
    posts = queries.visible_holdings(user).filter(queries.on_duty())
    for post in posts.select_related("post__department"):
        places[post.user_id] = f"{named(post.post.department)} · {name_of(post.post)}"
    found: list[Any] = list(queries.visible_users(user).order_by("username")[:500])
    for row in found:
        row.roles_shown = gettext(", ").join(roles.get(row.pk, []))
        row.place = places.get(row.pk, "")
    return found


@page
def password(request: PersonRequest) -> HttpResponse:
    """The theme's menu leads here: one's own password is changed by a verb."""
    return HttpResponseRedirect(reverse("desk:do", args=["change-password", request.user.pk]))


@page
def people(request: PersonRequest) -> HttpResponse:
    """Everybody, with the buttons that enrol somebody."""
    root = queries.root_entity()
    context = {
        "people": _everybody(request.user),
        "root": root,
        "verbs": offered(request.user, "enrol-person", "enrol-machine") if root else [],
    }
    return show(request, "people", gettext("People"), context)


def _verbs(user: User, row: User) -> list[str]:
    found = ["assign-role", "change-email", "deactivate-person"] if row.is_active else []
    may = row.pk == user.pk or queries.standing(user).has(Role.MODEL_RISK, Role.MODEL_RISK_HEAD)
    if may and row.kind == "person":
        found = ["hand-over-tasks", *found]
    if row.kind == "person" and row.pk != user.pk:
        found = [*found, "record-competence"]
    if row.pk == user.pk:
        return ["delegate", "issue-token", "change-password", *found[:1]]
    return [*found, "issue-token" if row.kind == "machine" else "reset-password"]
