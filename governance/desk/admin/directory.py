"""The directory: a person's roles, delegations and tokens, with the buttons that change them."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from registry.core.people import queries
from registry.core.people.models import User


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
        "delegations": queries.visible_delegations(user)
        .filter(principal=row)
        .select_related("delegate")
        .order_by("-valid_from"),
        "tokens": queries.visible_tokens(user).filter(user=row).order_by("-expires_at"),
        "own": own,
        "verbs": offered(user, *_verbs(user, row)),
        "role_verbs": offered(user, "end-role"),
    }
    return show(request, "person", row.name, context)


@page
def password(request: PersonRequest) -> HttpResponse:
    """The theme's menu leads here: one's own password is changed by a verb."""
    return HttpResponseRedirect(reverse("desk:do", args=["change-password", request.user.pk]))


@page
def people(request: PersonRequest) -> HttpResponse:
    """Everybody, with the buttons that enrol somebody."""
    root = queries.visible_entities(request.user).filter(parent=None).first()
    context = {
        "people": queries.visible_users(request.user).order_by("username")[:500],
        "root": root,
        "verbs": offered(request.user, "enrol-person", "enrol-machine") if root else [],
    }
    return show(request, "people", gettext("People"), context)


def _verbs(user: User, row: User) -> list[str]:
    found = ["assign-role", "deactivate-person"] if row.is_active else []
    if row.pk == user.pk:
        return ["delegate", "issue-token", "change-password"]
    return [*found, "issue-token" if row.kind == "machine" else "reset-password"]
