"""The pages of webhooks: how each fares, and one with its messages."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.desk.admin.chronicle.kinds import GROUPS, KINDS
from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.webhook_forms import PATTERNS
from governance.webhooks import queries, rules
from governance.webhooks.models import Sending, Subscription
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, require_everywhere, root_entity
from registry.core.people.rules import Capability

LOGGED = 50
STATES = ("claimed", "failed", "sent")


@page
def every(request: PersonRequest) -> HttpResponse:
    """Every webhook with how it fares, the open ones first."""
    require_everywhere(request.user, Capability.MANAGE_CHANNELS)
    rows = queries.visible_to(request.user)
    context = {
        "rows": [in_words(one) for one in queries.traffic(rows.exclude(state="closed"))],
        "closed": rows.filter(state="closed").order_by("name")[:LOGGED],
        "institution": root_entity(),
        "verbs": offered(request.user, "open-webhook"),
    }
    return show(request, "webhooks", _("Webhooks"), context)


@page
def one(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """One webhook: what it is told, its messages, and what can be done."""
    user = request.user
    require_everywhere(user, Capability.MANAGE_CHANNELS)
    rows = queries.visible_to(user).filter(pk=get_or_refuse(queries.visible_to(user), pk).pk)
    (told,) = queries.traffic(rows)
    state = request.GET.get("state", "")
    log = queries.visible_sendings(user).filter(subscription=pk)
    if state in STATES:
        log = log.filter(state=state)
    context = {
        "row": in_words(told),
        "log": _in_words(log.order_by("-claimed_at", "-seq")[:LOGGED]),
        "state": state,
        "verbs": _verbs(user, told.subscription),
        "danger_verbs": offered(user, "close-webhook")
        if told.subscription.state != "closed"
        else [],
    }
    return show(request, "webhook", told.subscription.name, context)


def _verbs(user: User, row: Subscription) -> list[Any]:
    own = row.protocol == "cloudevents"
    if row.state == "closed":
        return []
    changing = ("change-webhook", "rotate-webhook") if own else ()
    if row.state == "open":
        return offered(user, "try-webhook", "replay-webhook", *changing, "pause-webhook")
    return offered(user, "resume-webhook", "try-webhook", *changing)


def in_words(told: queries.Traffic) -> dict[str, Any]:
    """A webhook as its pages show it."""
    row = told.subscription
    rest = row.pace.rest_until
    return {
        "told": told,
        "it": row,
        "events": events_in_words(row.types),
        "models": ngettext("%(n)s model alone", "%(n)s models alone", len(row.of_models))
        % {"n": len(row.of_models)}
        if row.of_models
        else "",
        "last_error": reason_in_words(told.last_error),
        "rests_until": rest if rest is not None and rest > clock.now() else None,
        "overlaps": row.previous_until is not None and row.previous_until > clock.now(),
    }


def reason_in_words(error: str) -> str:
    """Why a message was not taken: our own reasons in the language of the page."""
    return _(error) if error else ""


def events_in_words(types: list[str]) -> str:
    """Groups by their names, kinds by theirs, anything else as it is written."""
    if "*" in types:
        return _("everything")
    left, found = set(types), []
    for key, label, _words in GROUPS:
        if left.issuperset(PATTERNS[key]):
            found.append(str(label))
            left -= set(PATTERNS[key])
    found += [str(KINDS.get(one, one)) for one in sorted(left)]
    return _(", ").join(found)


def _in_words(rows: QuerySet[Sending]) -> list[Sending]:
    """Each message with its event in words."""
    found = list(rows)
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        is_test = row.kind == rules.TESTED
        told.event = _("test") if is_test else str(KINDS.get(row.kind, row.kind))
        told.reason = reason_in_words(row.error)
    return found
