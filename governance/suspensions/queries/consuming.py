"""Who enforces orders, what they have said of each, and whether it was in time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

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
from governance.suspensions.schema import StopLimits, StopsSection
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.core.people.queries import within_reach
from registry.core.policy import queries as policy

RANKS = ("P", "I", "II", "III", "IV")
APART = dt.timedelta(minutes=1)  # a told time that lies further back than this is shown as told


@dataclass(frozen=True)
class Answer:
    """A consumer, and what it has said of the order so far."""

    consumer: Consumer
    applied: Acknowledgement | None
    resumed: Acknowledgement | None
    posting: Posting | None
    seconds: float | None  # from the order to when its acknowledgement was received

    @property
    def applied_told(self) -> dt.datetime | None:
        """When it says that it had applied the order, where that is long before it said so."""
        return _told_apart(self.applied)

    @property
    def resumed_told(self) -> dt.datetime | None:
        """When it says that it had resumed, where that is long before it said so."""
        return _told_apart(self.resumed)


@dataclass(frozen=True)
class Measure:
    """From the order to the last acknowledgement, against the tier's limit.

    An acknowledgement counts when it was received: nobody can check what a late one tells of the
    past, so its told time is shown and never measured.
    """

    tier: str
    limits: StopLimits | None
    due_at: dt.datetime | None
    answers: tuple[Answer, ...]

    @property
    def is_complete(self) -> bool:
        """Whether everybody who enforces it has applied it; not where nobody does."""
        return bool(self.answers) and all(one.applied for one in self.answers)

    @property
    def seconds(self) -> float | None:
        """How long the last one took; None where not everybody has applied it."""
        told = [one.seconds for one in self.answers if one.seconds is not None]
        return max(told) if self.is_complete else None

    @property
    def in_time(self) -> bool | None:
        """Whether everybody applied it within the limit; None where none is known yet."""
        limit = self.limits.effective_minutes if self.limits else None
        if limit is None or self.seconds is None:
            return None
        return self.seconds <= limit * 60

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
    """The limits of the pack in force."""
    found = policy.section(policy.active_pack(), "stops")
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


def tier_of(order: Order) -> str:
    """The highest tier of the live uses that the order reaches; empty where there is none."""
    rows = reached(Target.of(order)).filter(stage__in=LIVE).order_by()
    tiers = set(rows.values_list("model_use__tier", flat=True).distinct())
    return next((tier for tier in RANKS if tier in tiers), "")


def measure(order: Order) -> Measure:
    """What everybody has said of the order, and until when they should have."""
    tier = tier_of(order)
    limits = active_section().of(tier)
    minutes = limits.effective_minutes if limits and order.kind == OrderKind.STOP else None
    said = {(one.consumer_id, one.action): one for one in order.acknowledgements.all()}
    posted = {(one.consumer_id, one.action): one for one in order.postings.all()}
    keys = {key for key, _action in said} | set(_told(order).values_list("pk", flat=True))
    consumers = Consumer.objects.filter(pk__in=keys).select_related("entity", "user")
    shown = "resumed" if order.state == "lifted" else "applied"
    answers = []
    for one in consumers.order_by("name"):
        applied = said.get((one.pk, AcknowledgedAction.APPLIED))
        took = (applied.received_at - order.ordered_at).total_seconds() if applied else None
        resumed = said.get((one.pk, AcknowledgedAction.RESUMED))
        posting = posted.get((one.pk, shown)) or posted.get((one.pk, "applied"))
        answers.append(Answer(one, applied, resumed, posting, took))
    due = order.ordered_at + dt.timedelta(minutes=minutes) if minutes else None
    return Measure(tier, limits, due, tuple(answers))
