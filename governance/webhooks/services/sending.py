"""What waits for a receiver is sent: outside transactions, to one receiver by one worker at a time.

Where a message fails the next one has its turn, unless the receiver as a whole is in trouble: then
it rests, and costs nobody more than one attempt now and then.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from governance.webhooks import queries, rules
from governance.webhooks.models import (
    DisabledBecause,
    Pace,
    Sending,
    Subscription,
    SubscriptionState,
)
from governance.webhooks.queries.speaking import Body
from governance.webhooks.services import telling
from governance.webhooks.services.opening import disable
from registry.core import clock
from registry.core.alone import alone
from registry.core.errors import Conflict, DomainError
from registry.core.ledger.models import Entry
from registry.core.notices import rules as outgoing
from registry.core.notices import services as notices
from registry.core.notices.services import Answer
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability

logger = logging.getLogger(__name__)
LOCK = 7301021
ROUND_SECONDS = 30.0  # then others have the worker
BATCH = 50  # messages whose bodies are composed together
MOST_TROUBLE = 5  # messages that fail one after another: then it is the receiver
HELD = dt.timedelta(minutes=1)  # while it is being sent; where this process dies, it is tried then
MOST_TRIES = 12  # that are kept
GONE = 410
INTERRUPTED = gettext_noop("the worker was stopped while it waited for the answer")
EXCHANGED = gettext_noop("address or secret is not what was told: give the address anew")


def post(*, subscription_id: uuid.UUID) -> int:
    """What waits for the receiver has been sent, or it is known why not; returns how many."""
    with alone(LOCK, subscription_id) as is_alone:
        return _serve(subscription_id) if is_alone else 0


def _serve(subscription_id: uuid.UUID) -> int:
    until, done, trouble = time.monotonic() + ROUND_SECONDS, 0, 0
    while True:
        row = _open_one(subscription_id)
        batch = list(_due(row)[:BATCH]) if row is not None else []
        if row is None or not batch:
            return done
        bodies = _bodies(row, batch)
        for one in batch:
            if time.monotonic() > until:
                return done
            body = bodies.get(one.seq or 0)
            if body is None:  # it may not be told any more
                one.delete()
                continue
            if not _begin(row, one):
                continue
            answer = _delivered(row, body, one)
            if answer.is_taken:
                _taken(row, one, answer)
                done, trouble = done + 1, 0
                continue
            trouble += 1
            if not _refused(row, one, answer, is_over=trouble >= MOST_TROUBLE):
                return done


def _open_one(subscription_id: uuid.UUID) -> Subscription | None:
    rows = Subscription.objects.filter(pk=subscription_id, state=SubscriptionState.OPEN)
    row = rows.select_related("entity", "opened_by", "pace").first()
    if row is None or (row.pace.rest_until is not None and row.pace.rest_until > clock.now()):
        return None
    return row


def _due(row: Subscription) -> QuerySet[Sending]:
    rows = Sending.objects.filter(subscription=row, state="claimed", try_at__lte=clock.now())
    return rows.order_by("try_at", "seq")


def _bodies(row: Subscription, batch: Sequence[Sending]) -> dict[int, Body]:
    entries = Entry.objects.filter(seq__in=[one.seq for one in batch]).order_by("seq")
    return queries.protocol_of(row).bodies(row, list(entries))


def _delivered(row: Subscription, body: Body, one: Sending) -> Answer:
    """What came back. A worker that is stopped while it waits has made its attempt, too."""
    try:
        return deliver(row, body, one.message_id)
    except BaseException:
        _refused(row, one, Answer(error=INTERRUPTED), is_over=False)
        raise


def _begin(row: Subscription, one: Sending) -> bool:
    """The attempt is counted; nobody else makes it meanwhile. Of too many there is no other."""
    now = clock.now()
    if one.attempts >= rules.MOST_ATTEMPTS:  # its workers died, and nobody could say so
        waiting = Sending.objects.filter(pk=one.pk, state="claimed")
        if waiting.update(state="failed", error=INTERRUPTED):
            telling.tell_failed(row)
        return False
    found = Sending.objects.filter(
        pk=one.pk, state="claimed", try_at__lte=now, subscription__state=SubscriptionState.OPEN
    )
    one.attempts += 1
    return bool(found.update(attempts=F("attempts") + 1, try_at=now + HELD))


def deliver(row: Subscription, body: Body, message_id: uuid.UUID) -> Answer:
    """The message has been posted once; what came back, without what nobody may read.

    Not inside a transaction: it waits for somebody else's server.
    """
    try:
        address, *secrets = outgoing.unseal_all(row.sealed, notices.vault_keys())
    except ValueError as error:
        return Answer(error=str(error))
    if not outgoing.is_of(row.fingerprint, address, *secrets, keys=notices.vault_keys()):
        return Answer(error=EXCHANGED)
    now = clock.now()
    if row.previous_until is None or row.previous_until <= now:
        secrets = secrets[:1]
    request = queries.protocol_of(row).request(
        address, body, str(message_id), int(now.timestamp()), secrets
    )
    answer = notices.exchange(request)
    hidden = [*secrets, *outgoing.parts_to_hide(address)]
    kept = outgoing.kept(answer.body[:1_000].decode("utf-8", "replace"), hidden)
    told = outgoing.kept(answer.error, hidden)
    if answer.status and not answer.is_taken:
        told = f"HTTP {answer.status}: {' '.join(kept.split())[:300]}".removesuffix(": ")
    return Answer(answer.status, kept.encode(), answer.retry_after, told, answer.milliseconds)


def _taken(row: Subscription, one: Sending, answer: Answer) -> None:
    now = clock.now()
    Sending.objects.filter(pk=one.pk).update(
        state="sent", sent_at=now, **_told(one, answer, now), try_at=now
    )
    Pace.objects.filter(subscription=row).update(
        failures=0, failing_since=None, rest_until=None, last_sent_at=now
    )


def _refused(row: Subscription, one: Sending, answer: Answer, *, is_over: bool) -> bool:
    """The attempt has failed: when it is tried again. Whether the next message has its turn."""
    now = clock.now()
    logger.warning("webhook %s: %s", row.pk, answer.error)
    asked = rules.asked_wait(answer.retry_after, now) if answer.retry_after else dt.timedelta(0)
    is_last = one.attempts >= rules.MOST_ATTEMPTS
    Sending.objects.filter(pk=one.pk, state="claimed").update(
        state="failed" if is_last else "claimed",
        try_at=now + max(rules.waits(one.attempts), asked),
        **_told(one, answer, now),
    )
    pace = Pace.objects.filter(subscription=row)
    pace.update(failures=F("failures") + 1, failing_since=Coalesce("failing_since", now))
    found = pace.get()
    if answer.status == GONE:
        _disable(row, DisabledBecause.GONE)
        return False
    if found.failing_since and now - found.failing_since >= rules.DEAD_AFTER:
        _disable(row, DisabledBecause.FAILING)
        return False
    if is_last:
        telling.tell_failed(row)
    if is_over or rules.is_endpoint(answer.status):
        pace.update(rest_until=now + max(rules.rests(found.failures, answer.status), asked))
        return False
    return True


def _disable(row: Subscription, because: DisabledBecause) -> None:
    if disable(subscription_id=row.pk, because=because):
        telling.tell_disabled(row, because)


def _told(one: Sending, answer: Answer, now: dt.datetime) -> dict[str, Any]:  # Any: column values
    told = {
        "at": now.isoformat(),
        "status": answer.status or None,
        "milliseconds": answer.milliseconds,
        "error": answer.error[:300],
    }
    return {
        "status": answer.status or None,
        "milliseconds": answer.milliseconds,
        "error": answer.error[:500],
        "tries": [*one.tries, told][-MOST_TRIES:],
    }


def try_subscription(
    *, actor: User, subscription_id: uuid.UUID, of_type: str = ""
) -> tuple[Sending, Answer]:
    """A test has been sent just now, and what came back; it is not tried again.

    of_type: for receivers that are told each event in a shape of its own. Raises Conflict for a
    closed webhook.
    """
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    row = Subscription.objects.select_related("entity", "opened_by").get(pk=subscription_id)
    if row.state == SubscriptionState.CLOSED:
        raise Conflict("closed_already", _("This webhook is closed already."))
    message_id, now = uuid.uuid4(), clock.now()
    protocol = queries.protocol_of(row)
    of_type = of_type or str(row.types[0])
    if not protocol.kinds([of_type]):
        raise DomainError("unknown_types", _("No event is called so."), field="type")
    one = Sending(
        subscription=row, message_id=message_id, kind=rules.TESTED, attempts=1,
        claimed_at=now, try_at=now,
    )  # fmt: skip
    answer = deliver(row, protocol.test(of_type, str(message_id), now), message_id)
    one.state = "sent" if answer.is_taken else "failed"
    one.sent_at = clock.now() if answer.is_taken else None
    for name, value in _told(one, answer, clock.now()).items():
        setattr(one, name, value)
    one.save(force_insert=True)
    return one, answer


def address_of(row: Subscription) -> str:
    """Scheme, host and port of the receiver; what follows is nobody's to read, nor to be had where
    the key is lost or the webhook closed.
    """
    try:
        address, *_secrets = outgoing.unseal_all(row.sealed, notices.vault_keys())
    except ValueError:
        return f"{row.host if '://' in row.host else f'https://{row.host}'}/…"
    place = outgoing.place_of(address)
    origin = place.origin if place.is_plain else f"https://{place.origin}"
    return origin if place.path == "/" else f"{origin}/…"
