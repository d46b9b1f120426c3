"""Reading what waits: entries that no reaction has seen, objects whose reactions have failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection, models
from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce

from registry.core import clock
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


def waiting(reactions: Collection[tuple[str, frozenset[str]]]) -> set[str]:
    """The names of the reactions (name, kinds) that have something to do; three statements.

    An entry that they have not seen, an object whose next attempt is due, or no cursor yet. Most
    runs find nothing, and must cost nothing.
    """
    newest = _newest(frozenset(kind for _name, kinds in reactions for kind in kinds))
    seen = dict(Cursor.objects.values_list("reaction", "seq"))
    due = Held.objects.filter(parked_at__isnull=True, next_try_at__lte=clock.now())
    names = set(due.values_list("reaction", flat=True))
    for name, kinds in reactions:
        if name not in seen or any(newest[kind] > seen[name] for kind in kinds):
            names.add(name)
    return names


def _newest(kinds: frozenset[str]) -> dict[str, int]:
    """Each kind's last entry, 0 where there is none; a step into the index for each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.kind,"
            " (SELECT coalesce(max(seq), 0) FROM registry_entry e WHERE e.kind = k.kind)"
            " FROM unnest(%s::text[]) k(kind)",
            [sorted(kinds)],
        )
        return dict(cursor.fetchall())


def held() -> tuple[int, int]:
    """How many objects wait for another attempt, and how many are parked; one statement."""
    found = Held.objects.aggregate(
        waiting=Count("pk", filter=Q(parked_at=None)), parked=Count("parked_at")
    )
    return found["waiting"], found["parked"]
