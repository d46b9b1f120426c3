"""Deployment permits on the desk: the page of all, and the block on a release's story."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from governance.permits import queries
from governance.permits.models import Permit, PermitKind
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.releases.models import Release
from registry.releases.queries import visible_deployments

ON_STORY = 5
MOST = 100
RECENT_DAYS = 90


@page
def permits(request: PersonRequest) -> HttpResponse:
    """What holds now, what waits for a second person, what breaking glass has come to."""
    user = request.user
    rows = queries.whole(queries.visible_to(user)).prefetch_related("uses__reported_by")
    live = rows.filter(expires_at__gt=clock.now(), kind=PermitKind.NORMAL).order_by("-issued_at")
    broken = rows.filter(kind=PermitKind.BREAK_GLASS).order_by("-issued_at")
    asked = queries.visible_break_glass(user).filter(state="asked")
    context = {
        "live": in_words(user, live[:MOST]),
        "broken": in_words(user, broken[:MOST]),
        "asked": asked.select_related("asked_by", "model_use__model", "model_use__entity"),
        "figures": queries.figures(user),
        "without": _without(user),
        "verbs": offered(user, "revoke-permit"),
        "ask_verbs": offered(user, "give-break-glass", "refuse-break-glass"),
        "use_verbs": offered(user, "report-permit-use"),
        "end_verbs": offered(user, "account-for-permit"),
    }
    return show(request, "permits", _("Deployment permits"), context)


def _without(user: User) -> dict[str, Any]:
    """Deployments to production of the last days that no permit covers: how many, and the last."""
    since = clock.now() - dt.timedelta(days=RECENT_DAYS)
    rows = queries.uncovered(visible_deployments(user).filter(deployed_at__gte=since))
    last = rows.select_related("release__model_use__model").order_by("-deployed_at", "-pk")
    return {"count": rows.count(), "days": RECENT_DAYS, "rows": last[:ON_STORY]}


def of_release(user: User, release: Release) -> dict[str, Any]:
    """What the release's story shows of its permits."""
    return {
        "permits": in_words(user, queries.of_release(user, release, ON_STORY)),
        "permit_verbs": offered(user, "revoke-permit"),
        "glass_verbs": offered(user, "ask-break-glass"),
    }


def in_words(user: User, rows: Any) -> list[Permit]:  # Any: a list or a queryset
    """The permits, each with how it stands and whether the person may revoke it."""
    found: list[Permit] = list(rows)
    ended = queries.causes([row for row in found if queries.is_live(row)])
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        told.state = queries.state_of(row, ended.get(row.pk))
        told.state_shown = state_in_words(told.state)
        told.why = row.get_revoked_because_display() or _because(ended.get(row.pk))
        path = row.model_use.entity.path
        own = row.requested_by_id == user.pk
        told.may_revoke = queries.is_live(row) and (
            own or standing(user).has_at(path, *queries.REVOKERS)
        )
    return found


def state_in_words(state: str) -> str:
    """Live, revoked or expired, in the language of the page."""
    return {"live": _("in force"), "revoked": _("revoked"), "expired": _("ended")}[state]


def _because(cause: queries.Cause | None) -> str:
    return str(cause.because.label) if cause is not None else ""
