"""Cases are opened for decisions that wait; personal data that gateways send is alerted of."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings

from governance.checkpoints import queries
from governance.checkpoints.models import Case, Plan
from governance.checkpoints.rules import limits, naming
from governance.checkpoints.schema import Checkpoint, CheckpointsSection, Limit, Shift
from registry.core import clock
from registry.core.calendars import queries as calendars
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.releases.models import Release

CHUNK = 250
QUIET = dt.timedelta(hours=1)  # the same alert of a plan, at most once


@dataclass(frozen=True, slots=True)
class Opening:
    """A decision that a person looks at."""

    place: int
    release: Release
    plan_id: uuid.UUID
    checkpoint: Checkpoint
    shifts: tuple[Shift, ...]
    reference: str
    output: str
    kind: str
    link: str = ""


def open_cases(
    gateway: User, openings: Sequence[Opening], batch_id: int, received_at: dt.datetime
) -> dict[int, Case]:
    """Place → its case; each with its entry in the ledger."""
    if not openings:
        return {}
    section, moment = queries.active_section(), clock.now()
    kinds = {(one.plan_id, one.checkpoint.key): one for one in openings}
    due = {
        key: due_at(section, one.checkpoint, moment, one.shifts, one.plan_id)
        for key, one in kinds.items()
    }
    found = {
        one.place: Case(
            code=code_of(f"{batch_id}-{one.place}", one.kind), kind=one.kind,
            plan_id=one.plan_id, release=one.release,
            checkpoint=one.checkpoint.key, point=one.checkpoint.point, gateway=gateway,
            reference=one.reference, batch_id=batch_id, position=one.place,
            received_at=received_at, output=one.output[:200], opened_at=moment,
            due_at=due[one.plan_id, one.checkpoint.key], legal_due_on=owed(one.checkpoint, moment),
            link=one.link, hides_advice=one.checkpoint.advice == "after_view",
        )
        for one in openings
    }  # fmt: skip
    rows = list(found.values())
    for begin in range(0, len(rows), CHUNK):
        with ledger.act(gateway) as act:
            act.create_many(rows[begin : begin + CHUNK], "case.opened")
    return found


def code_of(decision: str, kind: str) -> str:
    """The case's name; the installation's own key makes it one that nobody can work out."""
    return naming.code_of(settings.SECRET_KEY.encode(), decision, kind)


def due_at(
    section: CheckpointsSection,
    one: Checkpoint,
    moment: dt.datetime,
    shifts: Sequence[Shift],
    plan_id: uuid.UUID,
) -> dt.datetime:
    """Until when a case of the checkpoint is decided; `shifts`: those of its plan.

    By the plan, else by the policy in force; where that names no limit any more, by the policy
    under which the plan was drawn up.
    """
    limit = one.limit or _limit_at(section, one.point)
    if limit is None:
        former = Plan.objects.select_related("pack").get(pk=plan_id).pack
        limit = _limit_at(queries.section_of(former), one.point)
    assert limit is not None  # noqa: S101 (linted against that policy when it was drawn up)
    if limit.hours == "around_the_clock":
        return moment + dt.timedelta(minutes=limit.minutes)
    zone = ZoneInfo(settings.TIME_ZONE)
    if limit.hours == "shifts":
        hours_of = [one.hours() for one in shifts]
        return limits.due_in_shifts(moment, limit.minutes, shifts=hours_of, zone=zone)
    hours = section.working_hours
    return limits.due_at(
        moment,
        limit.minutes,
        begin=dt.time.fromisoformat(hours.begin),
        end=dt.time.fromisoformat(hours.end),
        is_worked=calendars.working_days(hours.country).holds,
        zone=zone,
    )


def _limit_at(section: CheckpointsSection, key: str) -> Limit | None:
    point = section.point(key)
    return point.limit if point is not None else None


def owed(one: Checkpoint, moment: dt.datetime) -> dt.date | None:
    """PIPL Art. 24(3), 50: the day by which the customer has an answer."""
    days = one.legal_days
    return clock.local_day(moment) + dt.timedelta(days=days) if days else None


def alert(gateway: User, dropped: Iterable[tuple[uuid.UUID, list[str]]]) -> None:
    """The ledger says that personal data was sent and not kept; of a plan once an hour."""
    places: dict[uuid.UUID, set[str]] = {}
    for plan_id, names in dropped:
        places.setdefault(plan_id, set()).update(names)
    for plan_id in sorted(places):
        since = clock.now() - QUIET
        told = Entry.objects.filter(
            kind="plan.personal_data_dropped", subject_id=plan_id, recorded_at__gte=since
        )
        if told.exists():
            continue
        with ledger.act(gateway) as act:
            row = Plan.objects.select_for_update().get(pk=plan_id)
            act.note(row, "plan.personal_data_dropped", facts={"places": sorted(places[plan_id])})
