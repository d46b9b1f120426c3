"""Reading the inbox."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from registry.core import clock
from registry.core.notices.models import Channel, Delivery, Notice
from registry.core.notices.rules import Way
from registry.core.people.models import User, UserKind
from registry.core.people.queries import standing
from registry.core.people.rules import Capability


def visible_to(user: User) -> QuerySet[Notice]:
    """One's own notices."""
    return Notice.objects.filter(user=user)


def visible_deliveries(user: User) -> QuerySet[Delivery]:
    """One's own digests; for administrators of the whole institution everything."""
    if standing(user).may_everywhere(Capability.MANAGE_CHANNELS):
        return Delivery.objects.all()
    return Delivery.objects.filter(user=user)


def visible_channels(user: User) -> QuerySet[Channel]:
    """The channels, for administrators of the whole institution; for others none."""
    if standing(user).may_everywhere(Capability.MANAGE_CHANNELS):
        return Channel.objects.all()
    return Channel.objects.none()


@dataclass(frozen=True)
class Traffic:
    """How a channel has fared in the last thirty days."""

    channel: Channel
    sent: int
    waiting: int
    failed: int
    last_error: str


def traffic(user: User) -> list[Traffic]:
    """The channels with their deliveries of thirty days; three statements."""
    channels = list(visible_channels(user).select_related("entity").order_by("-is_open", "name"))
    since = clock.today() - dt.timedelta(days=30)
    recent = Delivery.objects.filter(channel__in=channels, day__gte=since)
    counted = {
        (channel, state): count
        for channel, state, count in recent.values_list("channel", "state").annotate(Count("pk"))
    }
    troubled = recent.exclude(state="sent").exclude(error="").order_by("channel", "-try_at")
    errors = dict(troubled.distinct("channel").values_list("channel", "error"))
    return [
        Traffic(
            one,
            counted.get((one.pk, "sent"), 0),
            counted.get((one.pk, "claimed"), 0),
            counted.get((one.pk, "failed"), 0),
            errors.get(one.pk, ""),
        )
        for one in channels
    ]


def undelivered() -> dict[tuple[str, str], int]:
    """(way, state) → deliveries that wait or have failed; the way of a digest is `mail`.

    Three statements. What has been sent is left out by the index, however much it is.
    """
    ways: dict[uuid.UUID | None, str] = dict(Channel.objects.values_list("pk", "way"))
    by_channel = Delivery.objects.order_by().values_list("channel", "state").annotate(Count("pk"))
    found = {(way, state): 0 for way in ("mail", *Way) for state in ("claimed", "failed")}
    for channels in (Q(channel=None), Q(channel__in=list(ways))):
        for channel, state, count in by_channel.filter(channels, sent_at=None):
            found[ways.get(channel, "mail"), state] += count
    return found


def waiting_for_digest() -> int:
    """Unread notices that no digest has taken up, of people who can be written to; one statement.

    An index holds exactly these.
    """
    waiting = Notice.objects.filter(read_at=None, delivery=None)
    people = waiting.filter(user__is_active=True, user__kind=UserKind.PERSON)
    return people.exclude(user__email="").count()
