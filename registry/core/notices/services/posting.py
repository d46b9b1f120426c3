"""Notices over channels: claimed in a transaction, sent outside it, marked.

Whoever dies between sending and marking leaves the message claimed, and it is sent again under the
same id: a webhook's or to-do list's receiver knows it by that; a robot's group may see it twice.
A receiver that does not answer holds up its own channel alone, for one attempt at a time.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Sequence

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from registry.core import clock
from registry.core.alone import alone
from registry.core.notices import rules
from registry.core.notices.models import Channel, Delivery, Notice
from registry.core.notices.rules import CARRYING_MANY, Item, Way
from registry.core.notices.services.channels import vault_keys
from registry.core.notices.services.outgoing import send
from registry.core.people.models import RoleAssignment
from registry.core.people.queries import on_duty

logger = logging.getLogger(__name__)
LOCK = 7301004
CHUNK = 1_000
MOST_SINGLES = 1_000  # of a channel in one round
MOST_NAMED = 200  # in a robot's message; the rest is counted
BACK = dt.timedelta(days=14)  # how far back a channel looks for what it has not carried yet
BETWEEN_ROBOT_MESSAGES = dt.timedelta(minutes=30)


def post(*, is_working_day: bool) -> int:
    """Every channel has carried what is due, or knows why not; returns the messages sent.

    Robots keep quiet at night and on days off, and speak twice an hour at most.
    """
    may_disturb = rules.may_write(clock.local_hour(clock.now()), is_working_day=is_working_day)
    done = 0
    for channel in Channel.objects.filter(is_open=True).order_by("pk"):
        with alone(LOCK, channel.pk) as is_alone:
            if is_alone:
                done += _serve(channel, may_disturb=may_disturb)
    return done


def _serve(channel: Channel, *, may_disturb: bool) -> int:
    """The channel's round. Whatever goes wrong in it stays its own: the others have theirs."""
    try:
        _claim(channel)
        if channel.way not in CARRYING_MANY:
            return _send_singles(channel)
        return _send_together(channel, may_disturb=may_disturb)
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        logger.exception("the round of channel %s has failed", channel.name)
        return 0


# Claiming


def _claim(channel: Channel) -> None:
    """What the channel is to carry and has not carried yet is on its way, once."""
    action = "open" if channel.way == Way.TODO else "tell"
    last: Notice | None = None
    while True:
        with transaction.atomic():
            if not Channel.objects.select_for_update(skip_locked=True).filter(
                pk=channel.pk, is_open=True
            ):
                return
            rows = list(_to_carry(channel, action, last)[:CHUNK])
            Delivery.objects.bulk_create(_delivery(channel, one, action) for one in rows)
        if len(rows) < CHUNK:
            break
        last = rows[-1]
    if action == "open":
        _claim_closing(channel)


def _to_carry(channel: Channel, action: str, last: Notice | None) -> QuerySet[Notice]:
    """What the channel is to carry, from where this round has come to."""
    kinds = Q(pk__in=[])
    for kind in channel.kinds:
        kinds |= Q(kind__startswith=f"{kind}.")
    duty = RoleAssignment.objects.filter(
        on_duty(), user=OuterRef("user"), entity__path__startswith=channel.entity.path
    )
    since = max(channel.opened_at, clock.now() - BACK)
    rows = Notice.objects.filter(kinds, Exists(duty), sent_at__gte=since, stays_inside=False)
    together = channel.way in CARRYING_MANY
    if action == "open":
        rows = rows.filter(is_task=True, settled_at=None)
    elif together:
        rows = rows.filter(read_at=None)
    key = OuterRef("once_key") if together else Cast(OuterRef("pk"), TextField())
    carried = Delivery.objects.filter(channel=channel, action=action, key=key)
    rows = rows.filter(~Exists(carried)).select_related("user")
    if together:
        rows = rows.filter(once_key__gt=last.once_key) if last else rows
        return rows.order_by("once_key", "sent_at").distinct("once_key")
    if last is not None:
        later = Q(sent_at__gt=last.sent_at) | Q(sent_at=last.sent_at, pk__gt=last.pk)
        rows = rows.filter(later, sent_at__gte=last.sent_at)
    return rows.order_by("sent_at", "pk")


def _delivery(channel: Channel, notice: Notice, action: str) -> Delivery:
    key = notice.once_key if channel.way in CARRYING_MANY else str(notice.pk)
    return Delivery(
        channel=channel,
        notice=notice,
        action=action,
        key=key,
        day=clock.today(),
        try_at=clock.now(),
    )


def _claim_closing(channel: Channel) -> None:
    """A to-do whose notice is settled is to be closed; one that never went out is forgotten."""
    with transaction.atomic():
        settled = Delivery.objects.select_for_update(of=("self",), skip_locked=True).filter(
            channel=channel, action="open", is_over=False, notice__settled_at__isnull=False
        )
        settled.filter(state="claimed", attempts=0).delete()
        rows = list(settled.exclude(state="claimed").select_related("notice")[:CHUNK])
        # One that has failed may have been taken all the same: its answer was bad.
        closing = [one for one in rows if one.notice is not None]
        Delivery.objects.bulk_create(
            _delivery(channel, one.notice, "close") for one in closing if one.notice is not None
        )
        Delivery.objects.filter(pk__in=[one.pk for one in rows]).update(is_over=True)


# Sending


def _send_together(channel: Channel, *, may_disturb: bool) -> int:
    """One message tells everything that waits; a test goes out at any time."""
    recently = clock.now() - BETWEEN_ROBOT_MESSAGES
    told = Delivery.objects.filter(channel=channel, action="tell", sent_at__gte=recently)
    waiting = _due(channel)
    if told.exists() or not may_disturb:
        waiting = waiting.filter(action="test")
    keys = _attempt(waiting)
    return _exchange(channel, keys) if keys else 0


def _send_singles(channel: Channel) -> int:
    """One message for each; after a failure the channel rests until the next round."""
    done = 0
    for key in list(_due(channel).values_list("pk", flat=True)[:MOST_SINGLES]):
        keys = _attempt(_due(channel).filter(pk=key))
        if keys:
            if not _exchange(channel, keys):
                break
            done += 1
    return done


def _due(channel: Channel) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(channel=channel, state="claimed", try_at__lte=clock.now())
    return rows.order_by("try_at", "pk")


def _attempt(waiting: QuerySet[Delivery]) -> list[uuid.UUID]:
    """The deliveries, with this attempt counted: until it has waited long nobody else tries."""
    with transaction.atomic():
        rows = list(
            waiting.select_for_update(of=("self",), skip_locked=True).values_list("pk", "attempts")
        )
        if rows:
            wait = rules.waits(max(attempts for _key, attempts in rows))
            Delivery.objects.filter(pk__in=[key for key, _attempts in rows]).update(
                attempts=F("attempts") + 1, try_at=clock.now() + wait
            )
    return [key for key, _attempts in rows]


def _exchange(channel: Channel, keys: Sequence[uuid.UUID]) -> int:
    """The message has been taken (1), or waits for another attempt with its reason (0)."""
    named = Delivery.objects.filter(pk__in=keys[:MOST_NAMED]).select_related("notice__user")
    by_key = {row.pk: row for row in named}
    error = _send(channel, [by_key[key] for key in keys[:MOST_NAMED]], len(keys))
    found = Delivery.objects.filter(pk__in=keys, state="claimed")
    if not error:
        found.update(state="sent", sent_at=clock.now(), error="")
        return 1
    logger.warning("channel %s: %s", channel.name, error)
    found.update(error=error[:500])
    found.filter(attempts__gte=rules.MOST_ATTEMPTS).update(state="failed")
    return 0


def _send(channel: Channel, rows: Sequence[Delivery], count: int) -> str:
    """Why the message was not taken; empty where it was. count: with those that are not named."""
    try:
        address, secret = rules.unseal(channel.sealed, vault_keys())
    except ValueError as error:
        return str(error)
    if not rules.is_of(channel.fingerprint, address, secret, keys=vault_keys()):
        return "address or secret is not what was opened; open the channel anew"
    way = Way(channel.way)
    hidden = [secret, *rules.parts_to_hide(address)]
    request = rules.compose(
        way,
        [_item(row, channel) for row in rows],
        address=address,
        secret=secret,
        heading=_heading(channel, count),
        now=clock.now(),
        message_id=str(rows[0].pk),
        total=count,
    )
    return rules.kept(send(way, request, channel.host), hidden)


def _heading(channel: Channel, count: int) -> str:
    if channel.language == "en":
        return f"Mingce: reminders ({count})"
    return f"明册：{count} 条提醒"


def _item(row: Delivery, channel: Channel) -> Item:
    """A robot's title is in the channel's language, the others have both."""
    notice = row.notice
    if notice is None:
        zh, en = "测试消息：通道可用", "Test: this channel works"
        title = en if channel.language == "en" and channel.way in CARRYING_MANY else zh
        return Item(str(row.pk), "test", "test", title, en, settings.PUBLIC_URL, "", clock.now())
    in_english = channel.language == "en" and channel.way in CARRYING_MANY
    return Item(
        id=str(notice.pk),
        action=row.action,
        kind=notice.kind,
        title=notice.text_en if in_english else notice.text_zh,
        title_en=notice.text_en,
        link=f"{settings.PUBLIC_URL}{notice.link}",
        user=notice.user.username,
        at=notice.sent_at,
    )
