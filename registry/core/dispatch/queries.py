"""Reading what waits: entries that no reaction has seen, objects whose reactions have failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import models
from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce

from registry.core.dispatch.models import Cursor, Held
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability


def visible_to(user: User) -> models.QuerySet[Held]:
    """The parked objects, for administrators; nobody else's business."""
    parked = Held.objects.exclude(parked_at=None)
    everywhere = standing(user).may_everywhere(Capability.MANAGE_PEOPLE)
    return parked if everywhere else parked.none()


@dataclass(frozen=True)
class Unseen:
    """The first entry that a reaction to its kind has not seen: its number and its moment."""

    seq: int
    recorded_at: dt.datetime


def first_unseen(reactions: Collection[tuple[str, frozenset[str]]]) -> Unseen | None:
    """The oldest entry that waits for one of the reactions (name, kinds); one statement.

    A cursor that is far behind the head is no lag by itself: it stands at the last entry of the
    reaction's own kinds.
    """
    waiting = [_unseen(name, kinds) for name, kinds in reactions]
    if not waiting:
        return None
    rows = waiting[0].union(*waiting[1:], all=True)
    return min((Unseen(*row) for row in rows), key=lambda one: one.seq, default=None)


def _unseen(name: str, kinds: frozenset[str]) -> models.QuerySet[Entry, tuple[int, dt.datetime]]:
    cursor = Cursor.objects.filter(reaction=name).values("seq")
    rows = Entry.objects.filter(seq__gt=Coalesce(Subquery(cursor), Value(0)), kind__in=kinds)
    return rows.order_by("seq").values_list("seq", "recorded_at")[:1]


def held() -> tuple[int, int]:
    """How many objects wait for another attempt, and how many are parked; one statement."""
    found = Held.objects.aggregate(
        waiting=Count("pk", filter=Q(parked_at=None)), parked=Count("parked_at")
    )
    return found["waiting"], found["parked"]
