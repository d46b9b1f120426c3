"""Who enforces orders, what they have said of each, and whether it was in time."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from governance.suspensions.models import (
    AcknowledgedAction,
    Acknowledgement,
    Consumer,
    Order,
    OrderKind,
    Posting,
)
from governance.suspensions.queries.listing import LIVE
from governance.suspensions.queries.targets import Target, reached
from governance.suspensions.schema import NOTHING, StopsSection
from registry.core.errors import Conflict
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.core.people.queries import within_reach
from registry.core.people.rules import Role
from registry.core.policy import queries as policy

RANKS = ("P", "I", "II", "III", "IV")
APART = dt.timedelta(minutes=1)  # a told time that lies further back than this is shown as told


@dataclass(frozen=True)
class Limits:
    """The limits of a tier in minutes; one that is left out does not exist."""

    decision_minutes: int | None = None
    effective_minutes: int | None = None
    fallback_minutes: int | None = None


@dataclass(frozen=True)
class Timed:
    """How long something took, against its limit; due_at: until when it had to be done."""

    limit_minutes: int | None
    seconds: float | None
    due_at: dt.datetime | None

    @property
    def in_time(self) -> bool | None:
        """Whether it was done within the limit; None where none of both is known."""
        if self.limit_minutes is None or self.seconds is None:
            return None
        return self.seconds <= self.limit_minutes * 60

    @property
    def minutes(self) -> int | None:
        """Whole minutes, begun ones counted."""
        return None if self.seconds is None else math.ceil(self.seconds / 60)


@dataclass(frozen=True)
class Answer:
    """A consumer, and what it has said of the order so far."""

    consumer: Consumer
    applied: Acknowledgement | None
    fallback: Acknowledgement | None
    resumed: Acknowledgement | None
    posting: Posting | None
    since: dt.datetime

    @property
    def seconds(self) -> float | None:
        """From the order to when it said that it had applied it."""
        return self._took(self.applied)

    @property
    def fallback_seconds(self) -> float | None:
        """From the order to when it said that its fallback was in place."""
        return self._took(self.fallback)

    @property
    def applied_told(self) -> dt.datetime | None:
        """When it says that it had applied the order, where that is long before it said so."""
        return _told_apart(self.applied)

    @property
    def fallback_told(self) -> dt.datetime | None:
        """When it says that it had fallen back, where that is long before it said so."""
        return _told_apart(self.fallback)

    @property
    def resumed_told(self) -> dt.datetime | None:
        """When it says that it had resumed, where that is long before it said so."""
        return _told_apart(self.resumed)

    def _took(self, row: Acknowledgement | None) -> float | None:
        return None if row is None else (row.received_at - self.since).total_seconds()


@dataclass(frozen=True)
class Measure:
    """Decided, in effect everywhere, fallback in place everywhere: against the tier's limits.

    An acknowledgement counts when it was received: nobody can check what a late one tells of the
    past, so its told time is shown and never measured.
    """

    tier: str
    decision: Timed
    effective: Timed
    fallback: Timed
    answers: tuple[Answer, ...]

    @property
    def is_complete(self) -> bool:
        """Whether everybody who enforces it has applied it; not where nobody does."""
        return bool(self.answers) and all(one.applied for one in self.answers)

    @property
    def has_fallback(self) -> bool:
        """Whether everybody who enforces it has its fallback in place; not where nobody does."""
        return bool(self.answers) and all(one.fallback for one in self.answers)

    @property
    def seconds(self) -> float | None:
        """How long the last one took; None where not everybody has applied it."""
        return self.effective.seconds

    @property
    def due_at(self) -> dt.datetime | None:
        """Until when everybody should have applied it."""
        return self.effective.due_at

    @property
    def in_time(self) -> bool | None:
        """Whether everybody applied it within the limit; None where none is known yet."""
        return self.effective.in_time

    def late(self, now: dt.datetime) -> list[Consumer]:
        """Who has not acknowledged it although the limit has passed."""
        if self.due_at is None or now <= self.due_at:
            return []
        return [one.consumer for one in self.answers if one.applied is None]


def _told_apart(row: Acknowledgement | None) -> dt.datetime | None:
    is_apart = row is not None and row.received_at - row.applied_at > APART
    return row.applied_at if row is not None and is_apart else None


def visible_consumers(user: User) -> models.QuerySet[Consumer]:
    """The consumers of the entities within the person's reach."""
    return Consumer.objects.filter(within_reach(user, "entity"))


def active_section() -> StopsSection:
    """The limits of the pack in force; none where there is no pack: a stop waits for no policy."""
    try:
        pack = policy.active_pack()
    except Conflict:
        return NOTHING
    found = policy.section(pack, "stops")
    assert isinstance(found, StopsSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def concerned(order: Order) -> models.QuerySet[Consumer]:
    """Who enforces it: the open consumers in whose entities something live is reached."""
    return _enforcing(order).filter(is_open=True)


def _enforcing(order: Order) -> models.QuerySet[Consumer]:
    live = reached(Target.of(order)).filter(
        stage__in=LIVE, model_use__entity__path__startswith=OuterRef("entity__path")
    )
    return Consumer.objects.filter(Exists(live))


def _told(order: Order) -> models.QuerySet[Consumer]:
    """Who had to enforce it when it was given; to be closed since excuses nobody."""
    closed = Entry.objects.filter(
        subject_id=OuterRef("pk"), kind="consumer.closed", recorded_at__gte=order.ordered_at
    )
    rows = _enforcing(order).filter(opened_at__lte=order.ordered_at)
    return rows.filter(Q(is_open=True) | Exists(closed))


def tier_of(target: Target) -> str:
    """The highest tier of the live uses that an order about it reaches; empty where none is."""
    rows = reached(target).filter(stage__in=LIVE).order_by()
    tiers = set(rows.values_list("model_use__tier", flat=True).distinct())
    return next((tier for tier in RANKS if tier in tiers), "")


def _limits_of(tier: str, kind: str) -> Limits:
    """The limits of the pack in force for an order of the kind; those of a stop alone exist."""
    told = active_section().of(tier) if kind == OrderKind.STOP else None
    if told is None:
        return Limits()
    return Limits(told.decision_minutes, told.effective_minutes, told.fallback_minutes)


def kept_limits(target: Target, kind: str) -> dict[str, Any]:  # Any: column values
    """What an order about it keeps: the tier that it reaches, and the limits of today."""
    tier = tier_of(target)
    return {"tier": tier, **vars(_limits_of(tier, kind))}


def _measured_by(order: Order) -> tuple[str, Limits]:
    """Tier and limits as the order keeps them; an old one, given before, is read as of today."""
    if order.tier is None:
        tier = tier_of(Target.of(order))
        return tier, _limits_of(tier, order.kind)
    return order.tier, Limits(
        order.decision_minutes, order.effective_minutes, order.fallback_minutes
    )


def last_word(order: Order) -> tuple[str, tuple[Role, ...]]:
    """The order's tier, and of which roles the second officer is who lifts it; empty: of any."""
    tier = tier_of(Target.of(order)) if order.tier is None else order.tier
    limits = active_section().of(tier) if order.kind == OrderKind.STOP else None
    return tier, limits.resumes if limits is not None else ()


def measure(order: Order) -> Measure:
    """What everybody has said of the order, and until when they should have."""
    tier, limits = _measured_by(order)
    answers = _answers(order)
    noticed = order.noticed_at
    decided = None if noticed is None else (order.ordered_at - noticed).total_seconds()
    return Measure(
        tier,
        _timed(limits.decision_minutes, noticed, decided),
        _timed(limits.effective_minutes, order.ordered_at, _last([a.seconds for a in answers])),
        _timed(
            limits.fallback_minutes, order.ordered_at, _last([a.fallback_seconds for a in answers])
        ),
        answers,
    )


def _answers(order: Order) -> tuple[Answer, ...]:
    said = {(one.consumer_id, one.action): one for one in order.acknowledgements.all()}
    posted = {(one.consumer_id, one.action): one for one in order.postings.all()}
    keys = {key for key, _action in said} | set(_told(order).values_list("pk", flat=True))
    consumers = Consumer.objects.filter(pk__in=keys).select_related("entity", "user")
    shown = "resumed" if order.state == "lifted" else "applied"
    return tuple(
        Answer(
            one,
            said.get((one.pk, AcknowledgedAction.APPLIED)),
            said.get((one.pk, AcknowledgedAction.FALLBACK)),
            said.get((one.pk, AcknowledgedAction.RESUMED)),
            posted.get((one.pk, shown)) or posted.get((one.pk, "applied")),
            order.ordered_at,
        )
        for one in consumers.order_by("name")
    )


def _timed(limit: int | None, since: dt.datetime | None, seconds: float | None) -> Timed:
    if limit is None or since is None:
        return Timed(limit, seconds, None)
    return Timed(limit, seconds, since + dt.timedelta(minutes=limit))


def _last(told: list[float | None]) -> float | None:
    """How long the last one took; None where one is missing, or nobody was asked."""
    known = [one for one in told if one is not None]
    return max(known) if known and len(known) == len(told) else None
