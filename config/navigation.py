"""The side bar, and the search behind Ctrl+K: what the person can open, and nothing else."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import SearchResult

from registry.catalogue.queries import matching, visible_to
from registry.core.adminkit import named
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability

MOST = 12


class Item(TypedDict):
    """A line of the side bar."""

    title: Promise
    icon: str
    link: str


class AccountLink(TypedDict):
    """A line of the user menu."""

    title: Promise
    link: str


class Group(TypedDict):
    """A heading of the side bar with its lines."""

    title: Promise
    items: list[Item]


class Line(NamedTuple):
    """A page: its label, its Material symbol, its URL's name, whose it is."""

    label: Promise
    icon: str
    name: str
    needs: Capability = Capability.READ


SIDEBAR: list[tuple[Promise, list[Line]]] = [
    (
        _("My desk"),
        [
            Line(_("Overview"), "home", "admin:index"),
            Line(_("Register a model"), "add_circle", "desk:register", Capability.REGISTER),
        ],
    ),
    (
        _("Inventory"),
        [
            Line(_("Models"), "deployed_code", "admin:registry_aimodel_changelist"),
            Line(_("Releases"), "rocket_launch", "admin:registry_release_changelist"),
            Line(_("Use cases"), "account_tree", "admin:registry_usecase_changelist"),
            Line(_("Systems"), "dns", "admin:registry_system_changelist"),
            Line(_("Other systems"), "travel_explore", "desk:discovery"),
            Line(_("Experiments"), "science", "admin:governance_registeredmodel_changelist"),
        ],
    ),
    (
        _("Governance"),
        [
            Line(_("Reviews"), "event_repeat", "desk:reviews"),
            Line(_("Attestation"), "task_alt", "desk:campaigns"),
            Line(_("Legal clocks"), "timer", "desk:clocks"),
            Line(_("Validations"), "fact_check", "admin:governance_validation_changelist"),
            Line(_("Approvals"), "approval", "admin:governance_approval_changelist"),
            Line(_("Findings"), "flag", "admin:governance_finding_changelist"),
            Line(_("Monitoring"), "monitoring", "desk:monitoring"),
            Line(_("Human intervention"), "pan_tool", "desk:cases"),
            Line(_("Orders"), "front_hand", "desk:orders"),
            Line(_("Deployment permits"), "verified", "desk:permits"),
            Line(_("Committees"), "groups", "desk:committees"),
        ],
    ),
    (
        _("Evidence of record"),
        [
            Line(_("Audit trail"), "history", "desk:trail", Capability.READ_TRAIL),
            Line(_("Policy packs"), "gavel", "desk:policy"),
        ],
    ),
    (
        _("Institution"),
        [
            Line(_("People"), "person", "desk:people"),
            Line(_("Entities and posts"), "account_balance", "desk:institution"),
            Line(_("Working days"), "calendar_month", "desk:working-days"),
            Line(_("Channels"), "send", "desk:channels", Capability.MANAGE_CHANNELS),
            Line(_("Webhooks"), "webhook", "desk:webhooks", Capability.MANAGE_CHANNELS),
            Line(_("Jobs"), "pending_actions", "admin:registry_job_changelist"),
        ],
    ),
]


def side_bar(request: HttpRequest) -> list[Group]:
    """The pages that are installed and that the person's roles of today open."""
    if not isinstance(request.user, User):
        return []
    may = standing(request.user).may
    groups: list[Group] = []
    for heading, lines in SIDEBAR:
        # Whoever holds no role yet still finds the pages that are open to everybody.
        allowed = [one for one in lines if one.needs is Capability.READ or may(one.needs)]
        items = [item for one in allowed if (item := _item(one)) is not None]
        if items:
            groups.append({"title": heading, "items": items})
    return groups


def account_links(request: HttpRequest) -> list[AccountLink]:
    """The person's tokens, on their own page, and their password."""
    if not isinstance(request.user, User):
        return []
    own = reverse("desk:person", args=[request.user.pk])
    return [
        {"title": _("My tokens"), "link": f"{own}#tokens"},
        {"title": _("Change password"), "link": reverse("admin:password_change")},
    ]


def _item(line: Line) -> Item | None:
    try:
        return {"title": line.label, "icon": line.icon, "link": reverse(line.name)}
    except NoReverseMatch:
        return None


def models_named(request: HttpRequest, text: str) -> list[SearchResult]:
    """The models that the person may see and whose names, code or description hold the words."""
    if not isinstance(request.user, User):
        return []
    found = matching(visible_to(request.user), text).order_by("code")[:MOST]
    return [
        SearchResult(
            title=named(row), description=row.code, link=f"/models/{row.pk}/",
            icon="deployed_code",
        )
        for row in found
    ]  # fmt: skip
