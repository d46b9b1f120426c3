"""How a webhook's receiver is spoken to: which entries, in which shape, signed how.

CloudEvents is ours. MLflow's way is filled in by the slice that speaks its protocol, which lies
higher (decision 5).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from governance.trail import queries as trail
from governance.trail.queries.placing import Belonging, tellable
from governance.webhooks import rules
from governance.webhooks.models import Subscription
from governance.webhooks.rules import Event
from registry.core.ledger.models import Entry
from registry.core.notices import rules as outgoing
from registry.core.notices.rules import Request

Body = dict[str, Any]  # Any: JSON
MOST_BYTES = 20_000


@dataclass(frozen=True)
class Protocol:
    """A way of speaking.

    kinds: which kinds of entries some types stand for. bodies: entries → their bodies by number;
    what may not be told is left out. test: the body of a test about a type. request: address, body,
    message id, seconds since 1970, secrets (may be none) → what is posted.
    """

    kinds: Callable[[Sequence[str]], frozenset[str]]
    bodies: Callable[[Subscription, Sequence[Entry]], dict[int, Body]]
    test: Callable[[str, str, dt.datetime], Body]
    request: Callable[[str, Body, str, int, Sequence[str]], Request]


_protocols: dict[str, Protocol] = {}


def declare_protocol(key: str, protocol: Protocol) -> None:
    """From now on webhooks of this protocol are spoken to so."""
    _protocols[key] = protocol


def protocol_of(subscription: Subscription) -> Protocol:
    """How this webhook's receiver is spoken to."""
    return _protocols[subscription.protocol]


def within(subscription: Subscription, entries: Sequence[Entry]) -> dict[int, Belonging]:
    """Those of the entries that the webhook is for, by number, each with where it belongs.

    Nothing about a confidential model, nothing outside the webhook's entity, nothing about others
    than the models that it names. A statement or two for each table that occurs.
    """
    places = tellable((one.subject_type, one.subject_id) for one in entries)
    path, wanted = subscription.entity.path, set(subscription.of_models)
    return {
        one.seq: place
        for one in entries
        if (place := places.get(one.subject_id)) is not None
        and place.lies_in(path)
        and (not wanted or str(place.model) in wanted)
    }


def standard(kinds: Callable[[], Sequence[str]]) -> Protocol:
    """CloudEvents in structured JSON, signed as Standard Webhooks say. kinds: what there is."""
    return Protocol(
        kinds=lambda types: rules.fitting(types, kinds()),
        bodies=_bodies,
        test=lambda _type, message_id, at: rules.tested_body(message_id, at, settings.PUBLIC_URL),
        request=_request,
    )


def _bodies(subscription: Subscription, entries: Sequence[Entry]) -> dict[int, Body]:
    places = within(subscription, entries)
    lines = trail.in_words([one for one in entries if one.seq in places])
    found = {}
    for line in lines:
        entry, place = line.entry, places[line.entry.seq]
        event = Event(
            id=str(entry.uid),
            seq=entry.seq,
            hash=entry.hash,
            kind=entry.kind,
            subject_type=entry.subject_type,
            subject_id=str(entry.subject_id),
            row_version=entry.row_version,
            actor=str(entry.actor),
            at=entry.recorded_at,
            state=line.state,
            changes=line.changes,
            model=str(place.model) if place.model else "",
            model_code=place.code,
        )
        found[entry.seq] = rules.body_of(event, settings.PUBLIC_URL)
    return found


def _request(
    address: str, body: Body, message_id: str, seconds: int, secrets: Sequence[str]
) -> Request:
    made = outgoing.as_json(address, body, "application/cloudevents+json")
    return outgoing.signed(made, message_id, seconds, *secrets)
