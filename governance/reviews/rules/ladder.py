"""When a review falls due, what is done together, which rungs of the ladder have come. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from registry.core.calendars.rules import WorkingDays, add_months


class Trigger(StrEnum):
    """What calls for a review besides the calendar (regulations II.5.1, last column)."""

    CALENDAR = "calendar"
    CHANGE = "change"
    BREACH = "breach"
    INCIDENT = "incident"
    STOP_ORDERED = "stop_ordered"
    TIER_RAISED = "tier_raised"
    GRADE_STALE = "grade_stale"
    PACK_CHANGED = "pack_changed"
    OWNER_CHANGED = "owner_changed"
    EXPLAINABILITY_CHANGED = "explainability_changed"
    NEW_FEATURES = "new_features"
    NEW_VERSION = "new_version"
    DATA_CHANGED = "data_changed"
    VENDOR_CHANGED = "vendor_changed"
    COMPLAINT = "complaint"
    ATTACK = "attack"
    FILED_FIELD_CHANGED = "filed_field_changed"
    REGULATOR_REQUEST = "regulator_request"
    CAMPAIGN = "campaign"


class Effect(StrEnum):
    """What a rung does besides telling people."""

    NONE = "none"
    BLOCK_NEW_USES = "block_new_uses"
    ANNOUNCE = "announce"
    RESTRICT = "restrict"
    PROPOSE_SUSPENSION = "propose_suspension"


# What a deferral holds back; reminders go on.
HELD_BY_A_DEFERRAL = frozenset(
    {Effect.BLOCK_NEW_USES, Effect.ANNOUNCE, Effect.RESTRICT, Effect.PROPOSE_SUSPENSION}
)


@dataclass(frozen=True)
class Step:
    """A rung: its day from the due date by place, or working days before another rung."""

    key: str
    days: Mapping[str, int]
    effect: Effect = Effect.NONE
    before: str = ""
    working_days: int = 0


@dataclass(frozen=True)
class Task:
    """A package as the ladder sees it.

    place: tier or `institution`; taken: the rungs that have come → the day on which they came;
    held_until: the last day of a deferral.
    """

    place: str
    due_on: dt.date
    planned_on: dt.date
    taken: Mapping[str, dt.date]
    held_until: dt.date | None = None


def first_due(
    base: dt.date, months: int, *, today: dt.date, notice_days: int, spread_days: int, seed: str
) -> dt.date:
    """`months` after the base. Where that lies behind: spread out from the notice on.

    A model that has been in production for years has no review on its first day in the register;
    the spread is drawn from the seed, so that it comes out alike each time.
    """
    due = add_months(base, months)
    if due >= today:
        return due
    drawn = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
    return today + dt.timedelta(days=notice_days + drawn % (spread_days + 1))


def rounds(first: dt.date, months: int, today: dt.date, ahead: int) -> list[dt.date]:
    """The days on which a kind falls due within so many months from the present month on."""
    end = add_months(today.replace(day=1), ahead)
    found, number = [], 0
    while (day := add_months(first, months * number)) < end:
        found.append(day)
        number += 1
    return found


def bundle(
    dues: Mapping[str, dt.date], open_on: Iterable[dt.date], window_days: int
) -> dict[dt.date, list[str]]:
    """Day → the kinds that are done together on it.

    A kind joins the latest day at most `window_days` before its own; never a later one, because a
    cadence is a maximum. `open_on`: the days of packages that are open already.
    """
    days = sorted(open_on)
    found: dict[dt.date, list[str]] = {}
    for key, due in sorted(dues.items(), key=lambda item: (item[1], item[0])):
        reach = due - dt.timedelta(days=window_days)
        day = max((one for one in days if reach <= one <= due), default=None)
        if day is None:
            day = due
            days.append(due)
        found.setdefault(day, []).append(key)
    return found


def notice_days(steps: Sequence[Step], place: str) -> int:
    """How many days before the due date the first rung comes."""
    return max((-one.days[place] for one in steps if place in one.days), default=0)


def day_of(step: Step, steps: Sequence[Step], task: Task, calendar: WorkingDays) -> dt.date | None:
    """The day on which the rung comes for the task; None where there is none.

    Rungs from before the planning never come: a review that is called for at short notice is not
    announced five times on its first day. The first rung comes at the latest with the planning. A
    deferral moves effects behind its last day; a rung that was to be announced comes on a working
    day, its working days after the announcement.
    """
    announced = announced_by(step, steps)
    own = _own_day(announced, task)
    if own is None or (step is not steps[0] and own < task.planned_on):
        return None
    if announced is not step:
        return calendar.before(own, step.working_days)
    if step is steps[0]:
        return max(own, task.planned_on)
    for announcement in steps:
        if announcement.before == step.key:
            came = task.taken.get(announcement.key)
            if came is None:
                return None
            notice = announcement.working_days
            while calendar.before(own, notice) < came or not calendar.holds(own):
                own += dt.timedelta(days=1)
    return own


def steps_due(
    steps: Sequence[Step], task: Task, today: dt.date, calendar: WorkingDays
) -> list[str]:
    """The rungs that have come and have not been taken yet, in their order."""
    announced = {one.before for one in steps if calendar.holds(today) is False}
    return [
        step.key
        for step in steps
        if step.key not in task.taken
        and step.key not in announced  # what was announced comes on a working day, late too
        and (day := day_of(step, steps, task, calendar)) is not None
        and day <= today
    ]


def announced_by(step: Step, steps: Sequence[Step]) -> Step:
    """The rung that this one announces; itself where it announces none."""
    return next((one for one in steps if one.key == step.before), step)


def _own_day(step: Step, task: Task) -> dt.date | None:
    if task.place not in step.days:
        return None
    day = task.due_on + dt.timedelta(days=step.days[task.place])
    if task.held_until is not None and step.effect in HELD_BY_A_DEFERRAL:
        day = max(day, task.held_until + dt.timedelta(days=1))
    return day
