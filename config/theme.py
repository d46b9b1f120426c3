"""The admin theme: names, colours, style sheets and the side bar."""

from __future__ import annotations

from typing import TypedDict

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Item(TypedDict):
    """A line of the side bar."""

    title: Promise
    icon: str
    link: str


class Group(TypedDict):
    """A heading of the side bar with its lines."""

    title: Promise
    items: list[Item]


# Heading, then (label, Material symbol, URL name). A page that isn't installed is left out.
SIDEBAR: list[tuple[Promise, list[tuple[Promise, str, str]]]] = [
    (
        _("My desk"),
        [
            (_("Overview"), "home", "admin:index"),
            (_("Register a model"), "add_circle", "desk:register"),
        ],
    ),
    (
        _("Inventory"),
        [
            (_("Models"), "deployed_code", "admin:registry_aimodel_changelist"),
            (_("Releases"), "rocket_launch", "admin:registry_release_changelist"),
            (_("Use cases"), "account_tree", "admin:registry_usecase_changelist"),
            (_("Systems"), "dns", "admin:registry_system_changelist"),
        ],
    ),
    (
        _("Governance"),
        [
            (_("Validations"), "fact_check", "admin:governance_validation_changelist"),
            (_("Approvals"), "approval", "admin:governance_approval_changelist"),
            (_("Findings"), "flag", "admin:governance_finding_changelist"),
            (_("Orders"), "front_hand", "admin:governance_order_changelist"),
            (_("Committees"), "groups", "desk:committees"),
        ],
    ),
    (
        _("Evidence of record"),
        [
            (_("Audit trail"), "history", "desk:trail"),
            (_("Policy packs"), "gavel", "desk:policy"),
        ],
    ),
    (
        _("Institution"),
        [
            (_("People"), "person", "desk:people"),
            (_("Entities and posts"), "account_balance", "desk:institution"),
            (_("Jobs"), "pending_actions", "admin:registry_job_changelist"),
        ],
    ),
]


def navigation(request: HttpRequest) -> list[Group]:
    """The side bar, without the pages that are not installed."""
    groups: list[Group] = []
    for heading, lines in SIDEBAR:
        items: list[Item] = []
        for title, icon, name in lines:
            try:
                items.append({"title": title, "icon": icon, "link": reverse(name)})
            except NoReverseMatch:
                continue
        if items:
            groups.append({"title": heading, "items": items})
    return groups


# Ink and teal; each scale runs from the lightest to the darkest.
_STEPS = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
_INK = (
    *("#f7f9fa", "#eef2f3", "#dde4e7", "#c5d0d4", "#94a3a9", "#66767d"),
    *("#4b5a61", "#3a484e", "#263238", "#172126", "#0d1417"),
)
_TEAL = (
    *("#eef7f7", "#d5ebeb", "#aed7d8", "#7dbcbf", "#52a3a9", "#37929a"),
    *("#1f646b", "#1b5158", "#194248", "#17373d", "#0a2227"),
)

UNFOLD: dict[str, object] = {
    "SITE_TITLE": "Mingce 明册",
    "SITE_HEADER": "Mingce 明册",
    "SITE_SUBHEADER": _("Register of AI models"),
    "SITE_URL": None,
    "SITE_ICON": lambda request: static("mingce/logo.svg"),
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("mingce/favicon.svg"),
        }
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": True,
    "ENVIRONMENT": None,
    "BORDER_RADIUS": "5px",
    "COLORS": {
        "base": dict(zip(_STEPS, _INK, strict=True)),
        "primary": dict(zip(_STEPS, _TEAL, strict=True)),
    },
    "STYLES": [lambda request: static("mingce/mingce.css")],
    "SCRIPTS": [lambda request: static("mingce/theme.js")],
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": navigation},
}
