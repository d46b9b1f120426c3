"""Breaches open, grow graver, recover; people take them up and close them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from governance.committees.queries import is_barred
from governance.monitoring import queries
from governance.monitoring.models import (
    BREACH_STATES,
    Breach,
    BreachKind,
    Level,
    Metric,
    Outcome,
    Reading,
)
from governance.monitoring.queries.policy import Holdings, holding_of, limits_of
from governance.monitoring.queries.series import Point, Series
from governance.monitoring.rules import Effect, Verdict
from governance.monitoring.schema import MonitoringSection
from governance.monitoring.services.judging import Course
from registry.core import clock
from registry.core.calendars import queries as calendars
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.notices import services as notices
from registry.core.people.models import User
from registry.core.people.queries import standing, system
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.releases import queries as releases
from registry.releases.models import Release, Stage

LIVE = (Stage.S4, Stage.S5)
MOST_TEXT = 4_000
MOST_OPENED = 200  # breaches of one report; the sweep opens the rest
RECENT = dt.timedelta(days=7)  # what is older restricts and stops nothing by itself


def follow(
    act: Act, courses: Sequence[Course], pack: PackRelease, section: MonitoringSection,
    metrics: Mapping[uuid.UUID, Metric],
) -> list[Breach]:  # fmt: skip
    """What the series have come to: breaches that open, grow graver, come back or recover.

    Returns those that opened or grew graver. Two statements, and those of the changes.
    """
    standing_ones = _open_ones([one.series for one in courses])
    accepted = _accepted([one.series for one in courses if one.peak.rank])
    told, opened = [], 0
    for one in sorted(courses, key=lambda one: (-one.peak.rank, str(one.series[0]), one.series[1])):
        metric = metrics[one.series[0]]
        _end_silence(act, standing_ones.get((one.series, BreachKind.SILENT)), one, metric)
        row = standing_ones.get((one.series, BreachKind.LIMIT))
        if row is not None:
            told += _go_on(act, row, one, section)
        elif one.peak.rank > accepted.get(one.series, 0) and opened < MOST_OPENED:
            opened += 1
            told.append(_open(act, one, metric, pack, section))
    return told


def _open_ones(asked: Sequence[Series]) -> dict[tuple[Series, str], Breach]:
    keys = {metric for metric, _segment in asked}
    rows = Breach.objects.filter(metric__in=keys).exclude(state="closed").order_by("pk")
    locked = rows.select_for_update(of=("self",), no_key=True).select_related("release")
    return {((row.metric_id, row.segment), row.kind): row for row in locked}


def _accepted(asked: Sequence[Series]) -> dict[Series, int]:
    """The rank up to which somebody has accepted a series' breach for the time being."""
    if not asked:
        return {}
    rows = Breach.objects.filter(
        metric__in={metric for metric, _segment in asked}, outcome=Outcome.ACCEPTED,
        kind=BreachKind.LIMIT, accepted_until__gte=clock.today(),
    )  # fmt: skip
    found: dict[Series, int] = {}
    for metric, segment, level in rows.values_list("metric", "segment", "level"):
        series = (metric, segment)
        found[series] = max(found.get(series, 0), Verdict(level).rank)
    return found


def _open(
    act: Act, one: Course, metric: Metric, pack: PackRelease, section: MonitoringSection
) -> Breach:
    effects = _effects(one)
    row = Breach(
        code=ledger_queries.next_code("BRC"), metric=metric, release=metric.release,
        segment=one.series[1], kind=BreachKind.LIMIT, level=one.peak.value, effects=effects,
        threshold=one.holding.threshold, pack=pack, value=one.peak_at.value, at=one.peak_at.at,
        opened_at=clock.now(), due_at=due_at(one.peak, section),
        recovered_at=clock.now() if one.level is Verdict.OK else None,
    )  # fmt: skip
    return act.create(row, "breach.opened", **({"effects": effects} if effects else {}))


def _effects(one: Course) -> list[str]:
    """What follows by itself; the entry says it, and the reaction reads it there."""
    if one.peak is not Verdict.ACT:
        return []
    is_recent = one.peak_at.at >= clock.now() - RECENT
    kept = one.holding.effects if is_recent else one.holding.effects & {Effect.FINDING}
    return sorted(effect.value for effect in kept)


def _go_on(act: Act, row: Breach, one: Course, section: MonitoringSection) -> list[Breach]:
    """The open breach after other values; itself, where it has grown graver or come back.

    What the limits ask for by now, and has not followed yet, follows: they may have been tightened.
    """
    came_back = row.recovered_at is not None and one.peak.rank > 0
    is_graver = one.peak.rank > Verdict(row.level).rank
    asked = _effects(one)
    following = asked if came_back else [effect for effect in asked if effect not in row.effects]
    found = []
    if came_back or is_graver or following:
        changes: dict[str, Any] = {
            "effects": sorted({*row.effects, *following}), "recovered_at": None,
            "late_told_at": None if came_back else row.late_told_at,
            "due_at": due_at(one.peak, section) if came_back
            else min(row.due_at, due_at(one.peak, section)),
        }  # fmt: skip
        if is_graver:
            changes |= {
                "level": one.peak.value, "value": one.peak_at.value, "at": one.peak_at.at,
                "threshold": one.holding.threshold,
            }  # fmt: skip
        facts = {"effects": following} if following else {}
        if came_back and not is_graver:
            found = [act.update(row, "breach.came_back", changes, **facts)]
        else:
            found = [act.update(row, "breach.escalated", changes, **facts)]
    if one.level is Verdict.OK and row.recovered_at is None:
        act.update(row, "breach.recovered", {"recovered_at": clock.now()})
    return found


def _end_silence(act: Act, row: Breach | None, one: Course, metric: Metric) -> None:
    """It is over where a value has come in time; one of long ago ends nothing."""
    if row is None or one.series[1]:
        return
    next_due = next_due_at(one.newest.at, metric.every_days)
    if next_due is not None and next_due <= clock.now():
        return
    changes = {
        "state": "closed", "outcome": Outcome.BY_ITSELF, "closed_at": clock.now(),
        "recovered_at": clock.now(),
    }  # fmt: skip
    act.update(row, "breach.closed", changes)
    _settle(row)


def _settle(row: Breach) -> None:
    """People have been told of the metric; once nothing of it is open any more, that is done."""
    others = Breach.objects.filter(metric=row.metric_id).exclude(state="closed").exclude(pk=row.pk)
    if not others.exists():
        notices.settle(once_key=f"breach:{row.metric_id}", and_below=True)


def next_due_at(since: dt.datetime, every_days: int | None) -> dt.datetime | None:
    """Until when the next value is expected: half as long again as it should take."""
    return since + dt.timedelta(days=1.5 * every_days) if every_days else None


def open_missed(*, actor: User) -> list[Breach]:
    """What lies beyond its limits and has no breach yet has one: of reports that broke too many."""
    found: list[Breach] = []
    while chunk := _open_missed(actor):
        found += chunk
    return found


def _open_missed(actor: User) -> list[Breach]:
    with ledger.act(actor) as act:
        pack = policy.active_pack()
        beyond = Reading.objects.filter(
            level__in=[Level.WARN, Level.ACT], metric__state="open",
            metric__release__stage__in=LIVE,
        )  # fmt: skip
        same = Breach.objects.filter(metric=OuterRef("metric"), segment=OuterRef("segment"))
        of_limit = same.filter(kind=BreachKind.LIMIT)
        dealt_with = of_limit.filter(closed_at__gte=OuterRef("at"), state="closed")
        accepted = of_limit.filter(accepted_until__gte=clock.today())
        rows = beyond.filter(
            ~Exists(of_limit.exclude(state="closed")), ~Exists(dealt_with), ~Exists(accepted)
        )
        keys = list(
            rows.order_by("metric_id", "segment").values_list("metric", "segment")[:MOST_OPENED]
        )
        metrics = _locked_metrics({metric for metric, _segment in keys})
        still = rows.filter(metric__in=metrics)
        courses = _courses(
            [row for row in still if (row.metric_id, row.segment) in set(keys)],
            limits_of(metrics.values(), pack),
        )
        return follow(act, courses, pack, queries.section_of(pack), metrics)


def _locked_metrics(keys: set[uuid.UUID]) -> dict[uuid.UUID, Metric]:
    rows = Metric.objects.filter(pk__in=keys).select_related("release").order_by("pk")
    return {row.pk: row for row in rows.select_for_update(of=("self",), no_key=True)}


def _courses(rows: Sequence[Reading], holdings: Holdings) -> list[Course]:
    found = []
    for row in rows:
        if row.at is not None and row.value is not None:
            level = Verdict(row.level)
            point = Point(row.at, row.value, level)
            holding = holding_of(holdings, row.metric_id, row.segment)
            series = (row.metric_id, row.segment)
            found.append(Course(series, point, level, level, point, holding))
    return found


def due_at(level: Verdict, section: MonitoringSection) -> dt.datetime:
    """Until when people act: hours where action is called for, else the end of a working day."""
    now = clock.now()
    if level is Verdict.ACT:
        return now + dt.timedelta(hours=section.act_hours)
    days = calendars.working_days(section.country)
    day = days.after(clock.local_day(now), section.warn_working_days)
    return dt.datetime.combine(day, dt.time(18), ZoneInfo(settings.TIME_ZONE))


def open_silence(act: Act, metric: Metric, pack: PackRelease, section: MonitoringSection) -> Breach:
    """Nothing has come for the metric although it was expected."""
    row = Breach(
        code=ledger_queries.next_code("BRC"), metric=metric, release=metric.release, segment="",
        kind=BreachKind.SILENT, level=Level.WARN, pack=pack, opened_at=clock.now(),
        due_at=due_at(Verdict.WARN, section),
    )  # fmt: skip
    return act.create(row, "breach.opened")


# People


def take_up(*, actor: User, breach_id: uuid.UUID, plan: str) -> Breach:
    """Somebody sees to it, and says what is done. Raises DomainError (`text_needed`)."""
    text = _text(plan, "plan")
    with ledger.act(actor) as act:
        row, _release = _locked(actor, breach_id)
        BREACH_STATES.check(row, "taken_up")
        changes = {"state": "taken_up", "taken_up_by": actor, "plan": text}
        return act.update(row, "breach.taken_up", changes)


def close(
    *, actor: User, breach_id: uuid.UUID, outcome: str, note: str,
    accepted_until: dt.date | None = None,
) -> Breach:  # fmt: skip
    """It has been dealt with. What reached the level of action is closed by the second line alone,
    without an interest in the model; what is accepted, as well, and for a time.

    Raises SegregationRefused (`interested_person`), Forbidden (`second_line_closes`), DomainError.
    """
    text = _text(note, "note")
    if outcome not in Outcome.values or outcome == Outcome.BY_ITSELF:
        raise DomainError("unknown_outcome", _("Unknown outcome."), field="outcome", status=400)
    with ledger.act(actor) as act:
        row, release = _locked(actor, breach_id)
        BREACH_STATES.check(row, "closed")
        _check_end(outcome, accepted_until)
        if row.kind == BreachKind.SILENT and outcome != Outcome.ACCEPTED:
            raise Conflict(
                "still_silent", _("No value has come yet; with the next one this is over."),
                field="outcome", hint=_("The second line may accept the silence for a time."),
            )  # fmt: skip
        if row.level == Level.ACT or outcome == Outcome.ACCEPTED:
            require_second_line(actor, release)
        if outcome == Outcome.MENDED and row.kind == BreachKind.LIMIT and not row.recovered_at:
            raise Conflict(
                "not_recovered", _("The last values still lie beyond the limit."), field="outcome",
                hint=_("Report a value within it first, or choose another outcome."),
            )  # fmt: skip
        _settle(row)
        changes = {
            "state": "closed", "closed_by": actor, "closed_at": clock.now(), "outcome": outcome,
            "note": text, "accepted_until": accepted_until,
        }  # fmt: skip
        return act.update(row, "breach.closed", changes)


def require_second_line(actor: User, release: Release) -> None:
    """Raises Forbidden, SegregationRefused: only the second line, without an interest in it."""
    if not standing(actor).has_at(release.model_use.entity.path, *queries.SECOND):
        raise Forbidden(
            "second_line_closes", _("This is for the second line."),
            hint=_("Ask model risk, compliance or consumer protection."),
        )  # fmt: skip
    if is_barred(actor.pk, release):
        raise SegregationRefused(
            "interested_person",
            _("Whoever owns, built or validated the model does not decide this about it."),
        )


def _locked(actor: User, breach_id: uuid.UUID) -> tuple[Breach, Release]:
    """The metric's row first, as reports take it; then the breach."""
    seen = Breach.objects.filter(pk=breach_id).values_list("metric", flat=True).get()
    ledger.lock(Metric.objects.all(), seen)
    row = ledger.lock(Breach.objects.all(), breach_id)
    release = releases.whole(Release.objects.filter(pk=row.release_id)).get()
    releases.check_reach(actor, Capability.ANSWER_BREACH, release)
    return row, release


def _check_end(outcome: str, until: dt.date | None) -> None:
    most = queries.active_section().accepted_days
    if (outcome == Outcome.ACCEPTED) != (until is not None):
        said = _("What is accepted ends on a day; nothing else has one.")
        raise DomainError("accepted_until", said, field="accepted_until")
    if until and not clock.today() < until <= clock.today() + dt.timedelta(days=most):
        said = _("It is accepted for at most %(days)s days.") % {"days": most}
        raise DomainError("accepted_until", said, field="accepted_until")


def _text(told: str, name: str) -> str:
    text = told.strip()
    if not 6 <= len(text) <= MOST_TEXT:
        said = _("Describe this in 6 to 4,000 characters.")
        raise DomainError("text_needed", said, field=name)
    return text


def tell_late() -> int:
    """The heads of model risk know of breaches that nobody closed in time, once; how many."""
    late = Breach.objects.exclude(state="closed").filter(
        due_at__lt=clock.now(), late_told_at=None, recovered_at=None
    )
    keys = list(late.order_by("due_at", "pk").values_list("pk", flat=True)[:500])
    for key in keys:
        with ledger.act(system()) as act:
            row = ledger.lock(Breach.objects.all(), key)
            if row.state != "closed" and row.late_told_at is None:
                act.update(row, "breach.late", {"late_told_at": clock.now()})
    return len(keys)
