"""The sweep: every rung of the ladder that has come is taken, once.

Beat only wakes it; what is due is a query, so that a lost broker, a killed worker, a second beat or
a week of downtime lose and double nothing. Each chunk is one act: the reminders, the lines in the
inboxes and the entries of the effects are committed together, or not at all.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from governance.reviews import queries
from governance.reviews.models import Package, Reminder
from governance.reviews.queries import coming
from governance.reviews.rules import Effect, Step
from governance.reviews.schema import LadderStep, ReviewsSection
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.notices import services as notices
from registry.core.notices.services import Line
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.queries import Holders
from registry.core.people.rules import Role

CHUNK = 200  # an act holds at most 500 entries
SEARCHED = 20_000  # keys in memory at a time


@dataclass(frozen=True)
class _Work:
    """What a chunk needs to know of its packages."""

    section: ReviewsSection
    rung: LadderStep
    holders: Holders
    kinds: dict[uuid.UUID, list[str]] = field(default_factory=dict)


def sweep(*, actor: User) -> int:
    """Every rung that has come by today has been taken; returns how many."""
    section, today = queries.active_section(), clock.today()
    holders = people.holders()
    return sum(_take(actor, section, rung, today, holders)
               for rung in coming.due_rungs(section, today))  # fmt: skip


def _take(
    actor: User, section: ReviewsSection, rung: coming.Rung, today: dt.date, holders: Holders
) -> int:
    """The rung is taken for every package for which it has come, chunk by chunk."""
    written = next(one for one in section.ladder if one.key == rung.step.key)
    done = 0
    while True:
        # One search for many chunks; each chunk asks again, under its locks.
        found = list(rung.packages.order_by().values_list("pk", flat=True)[:SEARCHED])
        taken = 0
        for begin in range(0, len(found), CHUNK):
            with ledger.act(actor) as act:
                rows = _locked(rung, found[begin : begin + CHUNK])
                if rows:
                    work = _Work(section, written, holders, _kinds(rows))
                    _take_chunk(act, rows, work, rung.step, today)
            taken += len(rows)
        done += taken
        if not taken:
            return done


def _locked(rung: coming.Rung, keys: list[uuid.UUID]) -> list[Package]:
    """Those of the packages that are locked now and for which the rung is still to be taken.

    Another sweep's rows are passed over; what it leaves, the next sweep finds. Two statements: the
    one that locks may have looked before another sweep committed, the second sees what it did.
    """
    rows = Package.objects.filter(pk__in=keys).order_by("pk")
    held = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
    return list(queries.whole(rung.packages.filter(pk__in=held)).order_by("pk"))


def _kinds(rows: list[Package]) -> dict[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    pending = queries.pending(row.pk for row in rows).order_by("kind")
    for package_id, kind in pending.values_list("package_id", "kind"):
        found[package_id].append(kind)
    return found


def _take_chunk(act: Act, rows: list[Package], work: _Work, step: Step, today: dt.date) -> None:
    lines: list[Line] = []
    reminders = []
    for row in rows:
        told = _recipients(row, work)
        for_on = queries.counted_from(row, step)
        lines += [_line(row, work, user_id, for_on) for user_id in told]
        reminders.append(
            Reminder(
                package=row,
                rung=step.key,
                for_on=for_on,
                came_on=today,
                sent_at=clock.now(),
                told=len(told),
            )  # fmt: skip
        )
        _note_effect(act, row, step.effect)
    Reminder.objects.bulk_create(reminders)
    notices.tell_many(lines)


def _note_effect(act: Act, row: Package, effect: Effect) -> None:
    """The effect stands in the ledger; reactions.py says what follows from it.

    An uninterruptible use is spared, and that stands there.
    """
    facts = {"due_on": row.due_on.isoformat(), "effect": effect.value}
    spared = row.release is not None and row.release.model_use.is_uninterruptible
    match effect:
        case Effect.NONE:
            return
        case Effect.BLOCK_NEW_USES:
            act.note(row, "package.new_uses_blocked", facts=facts)
        case _ if spared:
            act.note(row, "package.restriction_spared", facts=facts)
        case Effect.ANNOUNCE:
            act.note(row, "package.restriction_announced", facts=facts)
        case Effect.RESTRICT:
            act.note(row, "package.restriction_due", facts=facts)
        case Effect.PROPOSE_SUSPENSION:
            act.note(row, "package.suspension_proposed", facts=facts)


def _recipients(row: Package, work: _Work) -> list[uuid.UUID]:
    """Who is told: the owner, who carries it out, holders of roles where it is used."""
    told: set[uuid.UUID] = set()
    for one in work.rung.tell:
        if one == "owner":
            told |= _owner(row, work)
        elif one == "lead":
            told |= _leads(row, work)
        else:
            told |= work.holders.of(Role(one), row.entity.path)
    return sorted(told)


def _owner(row: Package, work: _Work) -> set[uuid.UUID]:
    """The model's owner; where that person has left, or for the institution, model risk."""
    if row.release is not None and row.release.model_use.model.owner.is_active:
        return {row.release.model_use.model.owner_id}
    return set(work.holders.of(Role.MODEL_RISK, row.entity.path))


def _leads(row: Package, work: _Work) -> set[uuid.UUID]:
    """Who carries out what waits in the package: whoever it is assigned to, where they may."""
    found: set[uuid.UUID] = set()
    for key in work.kinds.get(row.pk, []):
        kind = work.section.kind(key)
        able: set[uuid.UUID] = set()
        for role in kind.lead if kind is not None else ():
            able |= (
                _owner(row, work) if role is Role.OWNER else work.holders.of(role, row.entity.path)
            )
        found |= able & {row.assignee_id} or able
    return found


def _line(row: Package, work: _Work, user_id: uuid.UUID, for_on: dt.date) -> Line:
    name_zh, name_en = queries.name_of(row)
    kinds = [work.section.kind(key) for key in work.kinds.get(row.pk, [])]
    zh = "、".join(one.label.zh for one in kinds if one is not None)
    en = ", ".join(one.label.en for one in kinds if one is not None)
    day, late_zh, late_en = row.due_on.isoformat(), "", ""
    meant = _meant_for(row, work.rung)
    if meant is not None and meant < clock.today():
        late_zh, late_en = f"（补发，原定 {meant}）", f" (late; meant for {meant})"
    return Line(
        user_id=user_id,
        kind=f"review.{work.rung.key}",
        text_zh=f"{work.rung.label.zh}{late_zh}：“{name_zh}”{zh}，到期日 {day}。"[:500],
        text_en=f"{work.rung.label.en}{late_en}: “{name_en}”, {en}, due {day}."[:500],
        link=f"/reviews/{row.pk}/",
        once_key=f"review:{row.pk}:{work.rung.key}:{for_on.isoformat()}",
        is_task=True,
        stays_inside=queries.stays_inside(row),
    )


def _meant_for(row: Package, rung: LadderStep) -> dt.date | None:
    """The day on which the rung was to come: after downtime it comes late, and says so."""
    days = {str(place): count for place, count in rung.days.items()}
    if row.place not in days or row.held_until is not None:
        return None
    return max(row.due_on + dt.timedelta(days=days[row.place]), row.planned_on)
