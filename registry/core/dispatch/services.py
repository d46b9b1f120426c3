"""The dispatcher: after commit it reads the ledger and runs what reacts to an entry.

A reaction and its progress are committed together. Order is kept per object: where one entry of
an object fails, that object waits and the others go on; after five failures it is parked with a
notice to the administrators. Nothing depends on the broker: a lost wake-up is made good by the
next, and beat wakes the dispatcher every few seconds.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.dispatch import queries
from registry.core.dispatch.models import Cursor, Held
from registry.core.errors import NotFound
from registry.core.ledger.models import Entry
from registry.core.notices import services as notices
from registry.core.people.models import User
from registry.core.people.queries import on_duty
from registry.core.people.rules import Role

logger = logging.getLogger(__name__)
MOST_FAILURES = 5


@dataclass(frozen=True)
class Event:
    """A ledger entry as reactions see it."""

    seq: int
    kind: str
    subject_type: str
    subject_id: uuid.UUID
    actor: uuid.UUID
    body: dict[str, Any]  # Any: JSON

    @classmethod
    def of(cls, entry: Entry) -> Event:
        """The event that the entry tells of."""
        return cls(
            entry.seq,
            entry.kind,
            entry.subject_type,
            entry.subject_id,
            entry.actor,
            json.loads(entry.body),
        )


Effect = Callable[[Event], None]


@dataclass(frozen=True)
class Reaction:
    """A named effect of some kinds of entries."""

    name: str
    kinds: frozenset[str]
    effect: Effect


_reactions: dict[str, Reaction] = {}


def react(name: str, kinds: set[str], effect: Effect) -> None:
    """From now on entries of these kinds have this effect; called when the apps are ready."""
    _reactions[name] = Reaction(name, frozenset(kinds), effect)


def reactions() -> list[Reaction]:
    """Every reaction, by name (docs/reference/events is generated from it)."""
    return sorted(_reactions.values(), key=lambda reaction: reaction.name)


def wants(kinds: Collection[str]) -> bool:
    """Whether entries of these kinds have any effect."""
    return any(not reaction.kinds.isdisjoint(kinds) for reaction in _reactions.values())


def run() -> int:
    """Every reaction has seen every committed entry, but for objects that wait; returns effects.

    What reactions write themselves is seen in the same run.
    """
    known, total = reactions(), 0
    asked = [(one.name, one.kinds) for one in known]
    while waiting := queries.waiting(asked):
        done = sum(_run(reaction) for reaction in known if reaction.name in waiting)
        total += done
        if not done:  # only what another worker holds, or what waits for its next attempt
            break
    return total


def _run(reaction: Reaction) -> int:
    Cursor.objects.get_or_create(reaction=reaction.name)
    done = _retry_due(reaction)
    while True:
        with transaction.atomic():
            cursor = (
                Cursor.objects.select_for_update(skip_locked=True)
                .filter(reaction=reaction.name)
                .first()
            )
            if cursor is None:
                return done
            entry = (
                Entry.objects.filter(seq__gt=cursor.seq, kind__in=reaction.kinds)
                .order_by("seq")
                .first()
            )
            if entry is None:
                return done
            done += _once(reaction, entry)
            cursor.seq = entry.seq
            cursor.save(update_fields=["seq"])


def _once(reaction: Reaction, entry: Entry) -> int:
    """The effect has happened, or the object waits from this entry on."""
    # Locked, so that a retry that finds nothing left to do does not let the object go meanwhile.
    held = Held.objects.select_for_update().filter(
        reaction=reaction.name, subject_id=entry.subject_id
    )
    if held.first() is not None:
        return 0
    try:
        with transaction.atomic():
            reaction.effect(Event.of(entry))
    except Exception as error:  # a reaction may fail in any way; the object then waits
        logger.exception("reaction %s failed at entry %s", reaction.name, entry.seq)
        _hold(reaction, entry.subject_id, entry.seq, error)
        return 0
    return 1


def _hold(reaction: Reaction, subject_id: uuid.UUID, seq: int, error: Exception) -> None:
    held, _made = Held.objects.get_or_create(
        reaction=reaction.name,
        subject_id=subject_id,
        defaults={"from_seq": seq, "next_try_at": clock.now()},
    )
    held.from_seq = seq
    held.failures += 1
    held.error = f"{type(error).__name__}: {error}"[:2_000]
    held.next_try_at = clock.now() + dt.timedelta(seconds=5 * 2**held.failures)
    if held.failures >= MOST_FAILURES and held.parked_at is None:
        held.parked_at = clock.now()
        _tell_administrators(held)
    held.save()


def _retry_due(reaction: Reaction) -> int:
    due = Held.objects.filter(
        reaction=reaction.name, parked_at__isnull=True, next_try_at__lte=clock.now()
    ).values_list("pk", flat=True)
    return sum(_retry(reaction, pk) for pk in list(due))


def _retry(reaction: Reaction, held_id: int) -> int:
    """The object's waiting entries, in order, each in a transaction of its own."""
    done = 0
    while True:
        with transaction.atomic():
            held = Held.objects.select_for_update(skip_locked=True).filter(pk=held_id).first()
            if held is None:
                return done
            seen = Cursor.objects.get(reaction=reaction.name).seq
            entry = (
                Entry.objects.filter(
                    seq__gte=held.from_seq,
                    seq__lte=seen,
                    subject_id=held.subject_id,
                    kind__in=reaction.kinds,
                )
                .order_by("seq")
                .first()
            )
            if entry is None:
                held.delete()
                return done
            try:
                with transaction.atomic():
                    reaction.effect(Event.of(entry))
            except Exception as error:  # see _once
                _hold(reaction, held.subject_id, entry.seq, error)
                return done
            held.from_seq = entry.seq + 1
            held.save(update_fields=["from_seq"])
            done += 1


def release(*, actor: User, subject_id: uuid.UUID) -> list[Held]:
    """The object's parked reactions are tried again at the next run. Raises NotFound for none."""
    with transaction.atomic():
        rows = list(
            Held.objects.select_for_update()
            .filter(subject_id=subject_id)
            .exclude(parked_at=None)
            .order_by("pk")
        )
        if not rows:
            raise NotFound("not_found", _("No parked object has this key."), field="id")
        for held in rows:
            held.parked_at, held.failures, held.next_try_at = None, 0, clock.now()
            held.save(update_fields=["parked_at", "failures", "next_try_at"])
    logger.info("%s released the parked object %s", actor.pk, subject_id)
    return rows


def _tell_administrators(held: Held) -> None:
    administrators = User.objects.filter(
        on_duty("role_assignments__"),
        role_assignments__role=Role.ADMINISTRATOR.value,
        is_active=True,
    ).values_list("pk", flat=True)
    notices.tell(
        user_ids=administrators,
        kind="dispatch.parked",
        text_zh=f"后续动作“{held.reaction}”失败五次,对象已搁置,请处理。",
        text_en=f"The reaction “{held.reaction}” failed five times; its object is parked.",
        once_key=f"parked:{held.reaction}:{held.subject_id}:{held.from_seq}",
    )
