"""The admin theme: names, colours, style sheets; its side bar and search are in navigation.py."""

from __future__ import annotations

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

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
    "LOGIN": {"form": "config.login.LoginForm"},
    "STYLES": [lambda request: static("mingce/mingce.css")],
    "SCRIPTS": [
        lambda request: static("mingce/theme.js"),
        lambda request: static("mingce/draft.js"),
    ],
    # Named by their path: settings are read before there are any models.
    "COMMAND": {
        "search_models": False,
        "search_callback": "config.navigation.models_named",
        "show_history": False,
    },
    "ACCOUNT": {"navigation": "config.navigation.account_links"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "config.navigation.side_bar",
    },
}
