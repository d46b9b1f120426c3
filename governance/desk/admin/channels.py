"""The page of channels: robots, webhooks and to-do lists, and what went out over them."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _

from governance.desk.admin.channel_forms import KIND_LABELS
from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from registry.core.notices import queries
from registry.core.people.queries import require_everywhere, root_entity
from registry.core.people.rules import Capability

LOGGED = 50


@page
def channels(request: PersonRequest) -> HttpResponse:
    """Every channel with how it fares, and the last deliveries."""
    require_everywhere(request.user, Capability.MANAGE_CHANNELS)
    user = request.user
    log = queries.visible_deliveries(user).select_related("channel", "notice__user", "user")
    context = {
        "rows": [
            {
                "told": one,
                "kinds": _(", ").join(str(KIND_LABELS[kind]) for kind in one.channel.kinds),
            }
            for one in queries.traffic(user)
        ],
        "log": log.order_by("-day", "-try_at")[:LOGGED],
        "institution": root_entity(),
        "verbs": offered(user, "open-channel"),
        "channel_verbs": offered(user, "try-channel", "retry-channel", "close-channel"),
    }
    return show(request, "channels", _("Channels"), context)
