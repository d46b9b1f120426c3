"""Clocks' verbs: start, complete, withdraw; warn; count anew where working days have changed."""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from governance.clocks import queries, rules
from governance.clocks.models import CLOCK_STATES, Clock, ClockWarning
from governance.clocks.schema import ClockKind, ClocksSection
from registry.classification import queries as classification
from registry.core import clock
from registry.core.calendars import queries as calendars
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.notices import services as notices
from registry.core.notices.services import Line
from registry.core.people import queries as people
from registry.core.people.models import ROLE_LABELS, LegalEntity, User, UserKind
from registry.core.people.queries import Holders
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.policy.rules import Outcome, Readings
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import Release

CHUNK = 100
OLDEST = dt.timedelta(days=366)


def start(
    *,
    actor: User,
    kind: str,
    event_at: dt.datetime,
    reason: str,
    release: Release | None = None,
    entity: LegalEntity | None = None,
) -> Clock:
    """The clock runs from the event on; it cannot be paused.

    Raises DomainError for an unknown kind, an event that lies where it cannot, Conflict where the
    event has started it already.
    """
    _check_text(reason, "reason")
    pack = policy.active_pack()
    section = queries.section_of(pack)
    found = _known(section, kind)
    about = release.model_use.entity if release is not None else entity
    if about is None:
        raise DomainError("entity_missing", _("Name the legal entity."), field="entity")
    people.require_at(actor, Capability.KEEP_CLOCKS, about)
    _check_event(found, event_at)
    row = Clock(
        kind=found.key,
        pack=pack,
        entity=about,
        release=release,
        reason=reason,
        event_at=event_at,
        started_at=clock.now(),
        started_by=actor,
        due_at=_due(found, event_at),
    )
    with ledger.act(actor) as act:
        if Clock.objects.filter(kind=found.key, release=release, event_at=event_at, entity=about):
            raise Conflict("clock_runs", _("This event has started this clock already."))
        row.code = ledger_queries.next_code("CLK")
        return act.create(row, "clock.started")


def start_by_event(
    *, actor: User, event: str, release: Release, event_at: dt.datetime, reason: str
) -> list[Clock]:
    """The clocks run that the event starts for this release; those that run already do.

    A condition that cannot be decided counts as fulfilled: a clock too many can be withdrawn.
    """
    grade = classification.in_force(release.model_use)
    readings = Readings(classification.readings(release.model_use, grade))
    started = []
    for one in queries.active_section().clocks:
        fails = one.when is not None and one.when.compiled.evaluate(readings) is Outcome.FAIL
        if one.event != event or fails:
            continue
        known = Clock.objects.filter(kind=one.key, release=release, event_at=event_at)
        if not known.exists():
            row = start(
                actor=actor, kind=one.key, event_at=event_at, reason=reason, release=release
            )
            started.append(row)
    return started


def complete(
    *,
    actor: User,
    clock_id: uuid.UUID,
    receipt: str,
    completed_at: dt.datetime | None = None,
    document_id: uuid.UUID | None = None,
    note: str = "",
) -> Clock:
    """It was done at the moment (now, if left out), which the receipt shows; late stays late."""
    with ledger.act(actor) as act:
        row = _lock(clock_id)
        kind = _known(queries.section_of(row.pack), row.kind)
        people.require_at(actor, Capability.KEEP_CLOCKS, row.entity)
        if not people.standing(actor).has_at(row.entity.path, *kind.lead):
            raise Forbidden(
                "not_yours_to_complete",
                _("This clock is completed by: %(roles)s.")
                % {"roles": _(", ").join(str(ROLE_LABELS[role]) for role in kind.lead)},
            )
        CLOCK_STATES.check(row, "completed")
        moment = completed_at or clock.now()
        _check_completion(row, receipt, moment, document_id)
        changes = {
            "state": "completed",
            "completed_at": moment,
            "ended_by": actor,
            "receipt": receipt.strip(),
            "document_id": document_id,
            "note": note,
        }
        return act.update(row, "clock.completed", changes, late=moment > row.due_at)


def withdraw(*, actor: User, clock_id: uuid.UUID, note: str) -> Clock:
    """The clock was started in error: another person than who started it takes it back.

    Raises SegregationRefused for whoever started it.
    """
    _check_text(note, "note")
    with ledger.act(actor) as act:
        row = _lock(clock_id)
        people.require_at(actor, Capability.MANAGE_POLICY, row.entity)
        if actor.pk == row.started_by_id or actor.is_superuser or actor.kind != UserKind.PERSON:
            raise SegregationRefused(
                "own_clock", _("A clock is withdrawn by another person than who started it.")
            )
        if row.release is not None and actor.pk in releases.place(row.release)[1]:
            raise SegregationRefused(
                "interested_person", _("Whoever owns the model withdraws none of its clocks.")
            )
        CLOCK_STATES.check(row, "withdrawn")
        changes = {"state": "withdrawn", "ended_by": actor, "note": note}
        return act.update(row, "clock.withdrawn", changes)


def sweep(*, actor: User) -> int:
    """Every mark that has come by now has been taken, once; returns how many."""
    holders, done = people.holders(), 0
    keys = list(Clock.objects.filter(state="running").order_by("pk").values_list("pk", flat=True))
    for begin in range(0, len(keys), CHUNK):
        with ledger.act(actor) as act:
            rows = Clock.objects.filter(pk__in=keys[begin : begin + CHUNK], state="running")
            held = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
            done += _warn(act, list(queries.whole(rows.filter(pk__in=held))), holders)
    return done


def count_anew(*, actor: User, country: str) -> int:
    """The running clocks of the country end where its working days now let them end."""
    changed = 0
    for clock_id in Clock.objects.filter(state="running").values_list("pk", flat=True):
        with ledger.act(actor) as act:
            row = _lock(clock_id)
            kind = queries.kind_of(row)
            if row.state != "running" or kind is None or kind.country != country:
                continue
            if row.due_at < clock.now():
                continue  # what has run out stays so
            due = _due(kind, row.event_at)
            if due != row.due_at:
                act.update(row, "clock.counted_anew", {"due_at": due})
                changed += 1
    return changed


def _warn(act: Act, rows: list[Clock], holders: Holders) -> int:
    taken: dict[uuid.UUID, set[str]] = {row.pk: set() for row in rows}
    due = {row.pk: row.due_at for row in rows}
    known = ClockWarning.objects.filter(clock__in=rows).values_list("clock_id", "mark", "due_at")
    for clock_id, mark, counted_to in known:
        if due[clock_id] == counted_to:
            taken[clock_id].add(mark)
    warnings: list[ClockWarning] = []
    lines: list[Line] = []
    for row in rows:
        kind = queries.kind_of(row)
        percents = queries.section_of(row.pack).warn_percents
        came = rules.marks_due(row.begins_at, row.due_at, percents, taken[row.pk], clock.now())
        for mark in came if kind is not None else ():
            assert kind is not None  # noqa: S101 (the loop is empty without)
            told = _told(row, kind, mark, holders)
            lines += [_line(row, kind, mark, one) for one in sorted(told)]
            warnings.append(
                ClockWarning(
                    clock=row,
                    mark=mark,
                    due_at=row.due_at,
                    sent_at=clock.now(),
                    told=len(told),
                )
            )
            if mark == rules.OVERDUE:
                act.note(row, "clock.overdue", facts={"due_at": row.due_at.isoformat()})
    ClockWarning.objects.bulk_create(warnings)
    notices.tell_many(lines)
    return len(warnings)


def _told(row: Clock, kind: ClockKind, mark: str, holders: Holders) -> set[uuid.UUID]:
    """Who completes it; the others from the last warning before the end on; the model's owner."""
    percents = queries.section_of(row.pack).warn_percents
    is_late = mark == rules.OVERDUE or mark == f"after_{max(percents)}"
    roles = (*kind.lead, *kind.tell) if is_late else kind.lead
    found: set[uuid.UUID] = set()
    for role in roles:
        found |= holders.of(role, row.entity.path)
    if row.release is not None and row.release.model_use.model.is_confidential:
        # Who may not see it can do nothing about it; where nobody may, they find out who can.
        found = _seeing(row, found) or found
    if row.release is not None and row.release.model_use.model.owner.is_active:
        found.add(row.release.model_use.model.owner_id)
    return found


def _seeing(row: Clock, people_: set[uuid.UUID]) -> set[uuid.UUID]:
    rows = User.objects.filter(pk__in=people_)
    return {one.pk for one in rows if queries.visible_to(one).filter(pk=row.pk).exists()}


def _line(row: Clock, kind: ClockKind, mark: str, user_id: uuid.UUID) -> Line:
    due = row.due_at.astimezone(_zone()).strftime("%Y-%m-%d %H:%M")
    stays_inside = row.release is not None and row.release.model_use.model.is_confidential
    zh = "已超过法定时限" if mark == rules.OVERDUE else "法定时限临近"
    en = "The legal limit has passed" if mark == rules.OVERDUE else "A legal limit draws near"
    return Line(
        user_id=user_id,
        kind="clock.overdue" if mark == rules.OVERDUE else "clock.warning",
        text_zh=f"{zh}：{kind.label.zh}（{row.code}），截止 {due}。"[:500],
        text_en=f"{en}: {kind.label.en} ({row.code}), due {due}."[:500],
        once_key=f"clock:{row.pk}:{mark}:{due}",
        link=f"/clocks/{row.pk}/",
        is_task=True,
        stays_inside=stays_inside,
    )


def _lock(clock_id: uuid.UUID) -> Clock:
    return ledger.lock(queries.whole(Clock.objects.all()), clock_id)


def _known(section: ClocksSection, key: str) -> ClockKind:
    found = section.kind(key)
    if found is None:
        raise DomainError(
            "unknown_clock",
            _("There is no legal clock “%(key)s”.") % {"key": key},
            field="kind",
            status=400,
            hint=_("Possible: %(names)s.")
            % {"names": ", ".join(one.key for one in section.clocks)},
        )
    return found


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _due(kind: ClockKind, event_at: dt.datetime) -> dt.datetime:
    calendar = calendars.working_days(kind.country)
    return rules.due_at(kind.span(), event_at, calendar, _zone())


def _check_event(kind: ClockKind, event_at: dt.datetime) -> None:
    """What has happened lies behind, what is reported beforehand ahead; neither far away."""
    now = clock.now()
    first, last = (now, now + 3 * OLDEST) if kind.before else (now - OLDEST, now)
    if not first <= event_at <= last:
        told = _("The event lies ahead.") if kind.before else _("The event lies behind.")
        raise DomainError("event_out_of_range", told, field="event_at")


def _check_completion(
    row: Clock, receipt: str, moment: dt.datetime, document_id: uuid.UUID | None
) -> None:
    if len(receipt.strip()) < 2:
        raise DomainError(
            "receipt_missing",
            _("Give the number or name of the receipt that shows it."),
            field="receipt",
        )
    earliest = row.started_at if queries.kind_of(row) is None else min(row.started_at, row.event_at)
    if not earliest <= moment <= clock.now():
        raise DomainError(
            "moment_out_of_range",
            _("It was completed after the event, and not in the future."),
            field="completed_at",
        )
    if moment < row.started_at and document_id is None:
        raise DomainError(
            "document_missing",
            _("That was before the clock was started here: hand in the document that shows it."),
            field="file",
        )
    if document_id is not None:
        abouts = [row.pk, *(releases.subjects_of(row.release) if row.release else [])]
        if not Document.objects.filter(pk=document_id, subject_id__in=abouts).exists():
            raise DomainError(
                "unknown_document",
                _("No such document is about this clock or its release."),
                field="document",
            )


def _check_text(text: str, field: str) -> None:
    if len(text.strip()) < 6:
        raise DomainError("text_needed", _("Describe this in at least 6 characters."), field=field)
