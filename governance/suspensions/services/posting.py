"""Consumers are told at once: claimed in a transaction, sent outside it, marked.

A receiver that does not answer holds up its own messages alone, for one attempt at a time.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Q

from governance.suspensions import rules
from governance.suspensions.models import AcknowledgedAction, Consumer, Order, OrderKind, Posting
from governance.suspensions.queries import consuming
from governance.suspensions.services.listing import stop_list
from registry.core import clock
from registry.core.alone import alone
from registry.core.notices import rules as outgoing
from registry.core.notices import services as notices
from registry.core.notices.rules import Way
from registry.core.notices.services import Line
from registry.core.people import queries as people
from registry.core.people.rules import Role

logger = logging.getLogger(__name__)
LOCK = 7301011
BACK = dt.timedelta(days=1)  # how far back orders and liftings are looked for
WATCHED = dt.timedelta(days=7)  # how long an order without acknowledgements is watched


def wake() -> None:
    """A worker is told at once, after commit; if the broker is away, the sweep will do."""
    transaction.on_commit(
        lambda: current_app.send_task("governance.sweep_stops", retry=False), robust=True
    )


def claim() -> list[uuid.UUID]:
    """Every order and lifting is on its way to the webhooks concerned, once; whose is waiting."""
    since, now = clock.now() - BACK, clock.now()
    fresh = Q(state="in_force", ordered_at__gte=since) | Q(state="lifted", lifted_at__gte=since)
    for order in Order.objects.filter(fresh).order_by("ordered_at", "pk"):
        is_over = order.state == "lifted"
        action = AcknowledgedAction.RESUMED if is_over else AcknowledgedAction.APPLIED
        told = Posting.objects.filter(order=order, action=action).values("consumer")
        consumers = consuming.concerned(order).exclude(sealed="").exclude(pk__in=told)
        if is_over:  # who was opened since has nothing to resume
            consumers = consumers.filter(opened_at__lte=order.lifted_at)
        Posting.objects.bulk_create(
            [
                Posting(order=order, consumer=one, action=action, claimed_at=now, try_at=now)
                for one in consumers
            ],
            ignore_conflicts=True,
        )
    waiting = Posting.objects.filter(state="claimed", try_at__lte=now)
    return list(waiting.order_by().values_list("consumer", flat=True).distinct())


def post(*, consumer_id: uuid.UUID) -> int:
    """The consumer has been sent what waits for it, or knows why not; returns how many."""
    consumer, done = Consumer.objects.get(pk=consumer_id), 0
    with alone(LOCK, consumer.pk) as is_alone:
        rows = Posting.objects.filter(consumer=consumer, state="claimed", try_at__lte=clock.now())
        for row in rows.select_related("order").order_by("claimed_at", "pk") if is_alone else ():
            row.attempts += 1
            # Until then nobody else takes it up; where this process dies, it is taken up after.
            row.try_at = clock.now() + rules.waits(row.attempts)
            row.save(update_fields=["attempts", "try_at"])
            error = _send(consumer, row)
            _mark(row, error)
            if error:
                logger.warning("consumer %s: %s", consumer.name, error)
                break
            done += 1
    return done


def _mark(row: Posting, error: str) -> None:
    found = Posting.objects.filter(pk=row.pk, state="claimed")
    if not error:
        found.update(state="sent", sent_at=clock.now(), error="")
        return
    is_over = row.attempts >= rules.MOST_ATTEMPTS
    found.update(error=error[:500], state="failed" if is_over else "claimed")


def _send(consumer: Consumer, row: Posting) -> str:
    data = {
        "order": str(row.order_id),
        "kind": row.order.kind,
        "action": row.action,
        "is_drill": row.order.is_drill,
        "stop_list": json.loads(stop_list().body),
    }
    return send(consumer, str(row.pk), "stop_list.changed", data)


def send(consumer: Consumer, message_id: str, kind: str, data: dict[str, Any]) -> str:  # Any: JSON
    """Why the signed message was not taken by the consumer's webhook; empty where it was.

    Not inside a transaction: it waits for somebody else's server.
    """
    try:
        address, secret = outgoing.unseal(consumer.sealed, notices.vault_keys())
    except ValueError as error:
        return str(error)
    if not outgoing.is_of(consumer.fingerprint, address, secret, keys=notices.vault_keys()):
        return "address or secret is not what was opened; open the consumer anew"
    told = {"type": kind, "timestamp": clock.now().isoformat(), "data": data}
    seconds = int(clock.now().timestamp())
    signed = outgoing.signed(outgoing.as_json(address, told), message_id, seconds, secret)
    hidden = [secret, *outgoing.parts_to_hide(address)]
    return outgoing.kept(notices.send(Way.WEBHOOK, signed, consumer.host), hidden)


def tell_late() -> int:
    """Who is on duty knows of every consumer that let the limit pass, once; returns how many."""
    lines: list[Line] = []
    holders = people.holders()
    since = clock.now() - WATCHED
    for order in Order.objects.filter(
        kind=OrderKind.STOP, state="in_force", ordered_at__gte=since
    ).prefetch_related("acknowledgements", "postings"):
        late = consuming.measure(order).late(clock.now())
        for consumer in late:
            told = holders.of(Role.DUTY_OFFICER, consumer.entity.path) | holders.of(
                Role.IT_OPERATIONS, consumer.entity.path
            )
            lines += [_line(order, consumer, one) for one in sorted(told)]
    notices.tell_many(lines)
    return len(lines)


def _line(order: Order, consumer: Consumer, user_id: uuid.UUID) -> Line:
    zh, en = ("（演练）", " (drill)") if order.is_drill else ("", "")
    return Line(
        user_id=user_id,
        kind="order.unacknowledged",
        text_zh=f"停用令{zh}超过时限仍未得到确认：{consumer.name}。"[:500],
        text_en=f"A stop{en} was not acknowledged within its limit: {consumer.name}."[:500],
        once_key=f"order:{order.pk}:late:{consumer.pk}",
        link=f"/orders/{order.pk}/",
        is_task=True,
    )
