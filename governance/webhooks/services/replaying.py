"""What a webhook has told is told again, under the same message ids."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from governance.webhooks import queries
from governance.webhooks.models import Pace, Sending, Subscription, SubscriptionState
from governance.webhooks.queries.speaking import within
from governance.webhooks.services.claiming import wake
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability

MOST = 1_000  # entries at a time


@dataclass(frozen=True)
class Replayed:
    """How many messages go out again; last_seq: the last entry looked at, to go on from."""

    count: int
    last_seq: int
    is_complete: bool


def replay(
    *,
    actor: User,
    subscription_id: uuid.UUID,
    since_seq: int | None = None,
    since: dt.datetime | None = None,
    message_ids: Sequence[uuid.UUID] = (),
) -> Replayed:
    """What was entered after the number or the moment, or these messages, goes out again.

    One of the three. Nothing from before the webhook was opened. Raises Conflict where it is not
    open, DomainError where not exactly one is told.
    """
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    told = [since_seq is not None, since is not None, bool(message_ids)]
    if sum(told) != 1 or len(message_ids) > MOST:
        raise DomainError(
            "one_beginning",
            _("Say from which entry, from which moment, or which messages (at most %(most)s).")
            % {"most": MOST},
            field="since_seq",
        )
    with ledger.act(actor) as act:
        row = ledger.lock(Subscription.objects.select_related("entity"), subscription_id)
        if row.state != SubscriptionState.OPEN:
            raise Conflict("not_open", _("This webhook is not open: resume it first."))
        done = Pace.objects.get(subscription=row).seq
        entries = _told(row, max(row.from_seq, since_seq or 0), done)
        if since is not None:
            entries = entries.filter(recorded_at__gte=since)
        if message_ids:
            entries = entries.filter(uid__in=message_ids)
        found = list(entries.order_by("seq")[:MOST])
        count = _again(row, found)
        facts = {"count": count, "from_entry": found[0].seq if found else 0}
        act.note(row, "webhook.replayed", facts=facts)
        transaction.on_commit(wake, robust=True)
    is_complete = len(found) < MOST
    return Replayed(count, done if is_complete else found[-1].seq, is_complete)


def _told(row: Subscription, after: int, upto: int) -> QuerySet[Entry]:
    """The entries of which the webhook wanted to hear."""
    kinds = queries.protocol_of(row).kinds(row.types)
    rows = Entry.objects.filter(seq__gt=after, seq__lte=upto, kind__in=kinds)
    return rows.exclude(subject_id=row.pk)


def _again(row: Subscription, entries: Sequence[Entry]) -> int:
    """The messages wait anew; those that the log has forgotten are claimed again."""
    wanted = within(row, entries)
    now = clock.now()
    told = [one for one in entries if one.seq in wanted]
    Sending.objects.filter(subscription=row, message_id__in=[one.uid for one in told]).update(
        state="claimed", attempts=0, try_at=now, sent_at=None, error=""
    )
    Sending.objects.bulk_create(
        [
            Sending(
                subscription=row, message_id=one.uid, seq=one.seq, kind=one.kind,
                claimed_at=now, try_at=now,
            )
            for one in told
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return len(told)
