"""Reading webhooks: which there are, how they fare, what became of their messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from governance.webhooks.models import Sending, Subscription
from governance.webhooks.queries.speaking import (
    Protocol,
    declare_protocol,
    protocol_of,
    standard,
)
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability

_kinds: set[str] = set()


def declare_kinds(kinds: Collection[str]) -> None:
    """Which kinds of entries there are to be told of; called once, when the app is ready."""
    _kinds.update(kinds)


def kinds() -> list[str]:
    """The kinds of entries that a webhook can ask for."""
    return sorted(_kinds)


def visible_to(user: User) -> QuerySet[Subscription]:
    """The webhooks, for administrators of the whole institution; for others none."""
    if standing(user).may_everywhere(Capability.MANAGE_CHANNELS):
        return Subscription.objects.all()
    return Subscription.objects.none()


def visible_sendings(user: User) -> QuerySet[Sending]:
    """What became of their messages."""
    return Sending.objects.filter(subscription__in=visible_to(user))


@dataclass(frozen=True)
class Traffic:
    """How a webhook fares: messages of thirty days by state, the last trouble."""

    subscription: Subscription
    sent: int
    waiting: int
    failed: int
    last_error: str


def traffic(rows: QuerySet[Subscription]) -> list[Traffic]:
    """The webhooks, each with its messages of thirty days; three statements."""
    found = list(rows.select_related("entity", "pace", "opened_by"))
    since = clock.now() - dt.timedelta(days=30)
    every = Sending.objects.filter(subscription__in=found, claimed_at__gte=since)
    recent = every.exclude(seq=None).order_by()  # without tests
    counted = {
        (key, state): count
        for key, state, count in recent.values_list("subscription", "state").annotate(Count("pk"))
    }
    troubled = recent.exclude(state="sent").exclude(error="").order_by("subscription", "-try_at")
    errors = dict(troubled.distinct("subscription").values_list("subscription", "error"))
    return [
        Traffic(
            one,
            counted.get((one.pk, "sent"), 0),
            counted.get((one.pk, "claimed"), 0),
            counted.get((one.pk, "failed"), 0),
            errors.get(one.pk, ""),
        )
        for one in found
    ]


def counted() -> tuple[int, int, int]:
    """Webhooks that take nothing at present, those that are disabled, messages that wait; two
    statements, and an index holds exactly what waits.
    """
    found = Subscription.objects.aggregate(
        failing=Count("pk", filter=Q(state="open", pace__failing_since__isnull=False)),
        disabled=Count("pk", filter=Q(state="disabled")),
    )
    return found["failing"], found["disabled"], Sending.objects.filter(state="claimed").count()


__all__ = [
    "Protocol",
    "Traffic",
    "counted",
    "declare_kinds",
    "declare_protocol",
    "kinds",
    "protocol_of",
    "standard",
    "traffic",
    "visible_sendings",
    "visible_to",
]
