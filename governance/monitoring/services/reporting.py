"""Metrics come in: whole reports or nothing, each moment once, judged at once.

The statements are few and the same for one observation as for a thousand. Metrics are locked in the
order of their keys, before the ledger: two reports about the same series follow each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from governance.monitoring import queries
from governance.monitoring.models import Breach, Metric, MetricReport, Reading
from governance.monitoring.queries import series
from governance.monitoring.queries.policy import Holding, Holdings, holding_of
from governance.monitoring.queries.series import Point, Series
from governance.monitoring.rules import Bound
from governance.monitoring.schema import MonitoringSection
from governance.monitoring.services import breaching
from governance.monitoring.services.breaching import LIVE
from governance.monitoring.services.judging import Course, Judged, judge_all
from governance.monitoring.services.reading import MOST, Taken, Told, read
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.people.models import User, UserKind
from registry.core.people.queries import standing
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.releases import queries as releases
from registry.releases import services as release_services
from registry.releases.models import Release

LEAST_REASON = 4  # characters: 口径错误 says it
MOST_ENTRIES = 480  # of one report; an act holds 500


@dataclass(frozen=True)
class Reported:
    """What became of a report. report: None where everything had been told before."""

    report: MetricReport | None
    taken: int = 0
    repeated: int = 0
    breaches: list[Breach] = field(default_factory=list)


def report(*, actor: User, told: Sequence[Told], source: str = "rest") -> Reported:
    """Every observation is stored and judged; or none is.

    What stands there already with the same value is left as it is. Raises DomainError with the
    place of what is wrong; Conflict (`observation_differs`) where another value stands there and no
    reason for a correction is given; Forbidden where the actor reports no metrics.
    """
    if not 1 <= len(told) <= MOST:
        said = _("Send 1 to %(most)s observations.") % {"most": MOST}
        raise DomainError("batch_size", said, field="observations", status=400)
    with ledger.act(actor) as act:
        pack = policy.active_pack()
        section = queries.section_of(pack)
        found = _releases(actor, told)
        metrics = _metrics(act, actor, found, told, section)
        taken = read(told, metrics)
        _lock(metrics)
        fresh = _fresh(taken)
        if not fresh:
            return Reported(None, repeated=len(taken))
        holdings = queries.limits_of(metrics.values(), pack)
        before = _before(fresh, holdings)
        judged, courses = judge_all(fresh, before, holdings)
        row = _write(act, actor, source, judged, pack) if judged else None
        _set_readings(courses, metrics.values())
        breaches = breaching.follow(act, courses, pack, section, _by_key(metrics.values()))
        if len(act.book.entries) > MOST_ENTRIES:
            said = _("Too many metrics begin, or break their limits, at once.")
            raise DomainError("too_many_at_once", said, field="observations",
                              hint=_("Send the report in smaller parts."))  # fmt: skip
        return Reported(row, len(judged), len(taken) - len(judged), breaches)


def _by_key(metrics: Iterable[Metric]) -> dict[uuid.UUID, Metric]:
    return {row.pk: row for row in metrics}


def _releases(actor: User, told: Sequence[Told]) -> dict[str, Release]:
    """The releases by code. Raises DomainError (`unknown_release`), Conflict, Forbidden."""
    codes = sorted({one.release for one in told})
    seen = Release.objects.all() if actor.kind == UserKind.SYSTEM else releases.visible_to(actor)
    rows = {row.code: row for row in releases.whole(seen.filter(code__in=codes))}
    may = standing(actor)
    for code in codes:
        row = rows.get(code)
        if actor.kind != UserKind.SYSTEM and not may.may(Capability.REPORT_METRICS):
            raise Forbidden("not_permitted", _("This account reports no metrics."))
        if row is None or not _reaches(actor, row):
            said = _("No release %(release)s is known here.") % {"release": code}
            raise DomainError(
                "unknown_release", said, field=_place(told, code, "release"),
                hint=_("Name its code, as its page shows it; the account's role must reach it."),
            )  # fmt: skip
        if row.stage not in LIVE:
            said = _("%(release)s is neither in pilot nor in production.") % {"release": code}
            raise Conflict(
                "release_not_live", said, field=_place(told, code, "release"),
                hint=_("Values are taken from the release's move to S4, the pilot, on."),
            )  # fmt: skip
    return rows


def _reaches(actor: User, row: Release) -> bool:
    path = row.model_use.entity.path
    is_system = actor.kind == UserKind.SYSTEM
    return is_system or standing(actor).may_at(Capability.REPORT_METRICS, path)


def _place(told: Sequence[Told], code: str, name: str) -> str:
    place = next(index for index, one in enumerate(told) if one.release == code)
    return f"observations.{place}.{name}"


def _metrics(
    act: Act, actor: User, found: dict[str, Release], told: Sequence[Told],
    section: MonitoringSection,
) -> dict[tuple[str, str], Metric]:  # fmt: skip
    """The metrics told of; those of the policy's that the release does not have yet begin now."""
    wanted = {(one.release, one.metric) for one in told}
    known = _known(found, wanted)
    missing = sorted(wanted - known.keys())
    for code, key in missing:
        if section.metric(key) is None:
            raise _unknown(told, code, key)
    if missing:
        for code in sorted({code for code, _key in missing}):
            release_services.lock(found[code].pk)
        known = _known(found, wanted)  # another report may have begun them meanwhile
        known |= _begin(act, actor, found, sorted(wanted - known.keys()), section)
    return {key: known[key] for key in wanted}


def _unknown(told: Sequence[Told], code: str, key: str) -> DomainError:
    place = next(n for n, one in enumerate(told) if (one.release, one.metric) == (code, key))
    said = _("%(release)s has no metric %(key)s.") % {"release": code, "key": key[:60]}
    return DomainError(
        "unknown_metric", said, field=f"observations.{place}.metric",
        hint=_("The policy's metrics begin by themselves; add an own one first."),
    )  # fmt: skip


def _known(
    found: dict[str, Release], wanted: set[tuple[str, str]]
) -> dict[tuple[str, str], Metric]:
    rows = Metric.objects.filter(
        release__in=[row.pk for row in found.values()], key__in={key for _code, key in wanted}
    )
    codes = {row.pk: row for row in found.values()}
    known = {}
    for row in rows:
        row.release = codes[row.release_id]
        known[row.release.code, row.key] = row
    return known


def _begin(
    act: Act, actor: User, found: dict[str, Release], missing: Sequence[tuple[str, str]],
    section: MonitoringSection,
) -> dict[tuple[str, str], Metric]:  # fmt: skip
    expected = {
        code: queries.every_days(found[code], section) for code in {code for code, _ in missing}
    }
    rows = [begun(found[code], key, actor, section, expected[code]) for code, key in missing]
    act.create_many(rows, "metric.begun")
    return {(row.release.code, row.key): row for row in rows}


def begun(
    release: Release, key: str, actor: User, section: MonitoringSection, expected: dict[str, int]
) -> Metric:
    """A metric of the policy's, of a release that has it from now on; not saved yet."""
    spec = section.metric(key)
    return Metric(
        release=release, key=key, computes=(spec.computes or "") if spec else "",
        every_days=expected.get(key), opened_by=actor, opened_at=clock.now(),
    )  # fmt: skip


def _fresh(taken: Sequence[Taken]) -> list[tuple[Taken, int]]:
    """What is new, each with its revision. Raises Conflict (`observation_differs`)."""
    there = series.told_already([(one.metric.pk, one.segment, one.at) for one in taken])
    found, differing = [], []
    for one in taken:
        standing_there = there.get((one.metric.pk, one.segment, one.at))
        if standing_there is None:
            found.append((one, 0))
        elif standing_there[0] != one.value:
            if len(one.correction.strip()) < LEAST_REASON:
                differing.append(one.place)
            found.append((one, standing_there[1] + 1))
    if differing:
        raise Conflict(
            "observation_differs", _("Another value stands there already."),
            field=f"observations.{differing[0]}.value", details={"places": differing[:50]},
            hint=_("A correction says why, in at least 4 characters."),
        )  # fmt: skip
    return found


def _before(fresh: Sequence[tuple[Taken, int]], holdings: Holdings) -> dict[Series, list[Point]]:
    """What each series showed before, as far as the verdict on it needs it.

    Most need nothing: one value beyond counts at once, and is newer than all others.
    """
    wanted = {(one.metric.pk, one.segment) for one, _revision in fresh}
    last = {
        (row.metric_id, row.segment): row.at
        for row in Reading.objects.filter(metric__in={metric for metric, _segment in wanted})
    }
    needed = set()
    for one, revision in fresh:
        known = last.get((one.metric.pk, one.segment))
        holding = holding_of(holdings, one.metric.pk, one.segment)
        is_late = known is not None and one.at <= known
        if known is not None and (revision or is_late or _looks_back(holding)):
            needed.add((one.metric.pk, one.segment))
    return dict.fromkeys(wanted, []) | series.history(needed)


def _looks_back(holding: Holding) -> bool:
    return holding.consecutive > 1 or any(one.bound is Bound.SPIKE for one in holding.sets)


def _lock(metrics: Mapping[tuple[str, str], Metric]) -> None:
    """Nobody else reports them, or closes one. Raises Conflict (`metric_closed`)."""
    rows = Metric.objects.filter(pk__in=[row.pk for row in metrics.values()]).order_by("pk")
    locked = rows.select_for_update(of=("self",), no_key=True).values_list("pk", "state")
    closed = {key for key, state in locked if state != "open"}
    for (code, key), row in sorted(metrics.items()):
        if row.pk in closed:
            said = _("The metric %(key)s of %(release)s is closed.")
            raise Conflict("metric_closed", said % {"key": key, "release": code})


def _write(
    act: Act, actor: User, source: str, judged: Sequence[Judged], pack: PackRelease
) -> MetricReport:
    """The report under its digest, and its observations."""
    columns = [_columns(one, pack) for one in judged]
    row = MetricReport(
        number=_next_number(), reported_by=actor, source=source, size=len(judged),
        sha256=series.digest(series.line(one) for one in columns), received_at=clock.now(),
    )  # fmt: skip
    act.create(row, "metrics.reported")
    for metric, facts in _corrected(judged):
        act.note(metric, "metric.corrected", facts=facts)
    names = ", ".join((*series.COVERED, "report_id", "place"))
    copying = f"COPY governance_observation ({names}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for place, told in enumerate(columns):
            copy.write_row((*told, row.number, place))
    return row


def _corrected(judged: Sequence[Judged]) -> list[tuple[Metric, dict[str, Any]]]:
    """Of each metric of which values were replaced: how many, and why. Any: JSON."""
    found: dict[uuid.UUID, tuple[Metric, dict[str, Any]]] = {}
    for one in judged:
        if one.revision:
            metric, reason = one.taken.metric, one.taken.correction.strip()[:300]
            _metric, facts = found.setdefault(metric.pk, (metric, {"values": 0, "reason": reason}))
            facts["values"] += 1
    return list(found.values())


def _columns(one: Judged, pack: PackRelease) -> tuple[object, ...]:
    """As `series.COVERED` names them."""
    taken = one.taken
    return (
        taken.metric.pk, taken.segment, taken.at, one.revision, taken.value, taken.count,
        taken.inputs, one.verdict.value, one.threshold.pk if one.threshold else None, pack.pk,
    )  # fmt: skip


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('governance_metric_report_number')")
        (number,) = cursor.fetchone()
    return int(number)


def _set_readings(courses: Sequence[Course], metrics: Iterable[Metric]) -> None:
    """Lists and sweeps see how each series stands; one statement."""
    every = {row.pk: row.every_days for row in metrics}
    rows = [
        Reading(
            metric_id=one.series[0], segment=one.series[1], at=one.newest.at,
            value=one.newest.value, level=one.level.value,
            due_at=breaching.next_due_at(one.newest.at, every[one.series[0]])
            if not one.series[1] else None,
        )
        for one in sorted(courses, key=lambda one: (str(one.series[0]), one.series[1]))
    ]  # fmt: skip
    Reading.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["metric", "segment"],
        update_fields=["at", "value", "level", "due_at"],
    )  # fmt: skip
