"""Reading observations: what was told already, what came before, what a chart shows.

A correction is a later revision of the same moment; the last one counts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from governance.monitoring.models import Metric, MetricReport
from governance.monitoring.rules import LONGEST_HISTORY, Verdict

MOST_BACK = LONGEST_HISTORY + 35  # for the longest run of values and the longest history before it
CHUNK = 20  # reports, each of at most a thousand observations


@dataclass(frozen=True)
class Point:
    """A value at a moment, as it was judged then."""

    at: dt.datetime
    value: float
    verdict: Verdict
    count: int | None = None
    revision: int = 0


Series = tuple[uuid.UUID, str]


def told_already(
    asked: Sequence[tuple[uuid.UUID, str, dt.datetime]],
) -> dict[tuple[uuid.UUID, str, dt.datetime], tuple[float, int]]:
    """(metric, segment, moment) → the value that stands there, and its revision; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.metric_id, o.segment, o.at, o.value, o.revision"
            " FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) t(m, s, a)"
            " CROSS JOIN LATERAL (SELECT * FROM governance_observation o"
            "  WHERE o.metric_id = t.m AND o.segment = t.s AND o.at = t.a"
            "  ORDER BY revision DESC LIMIT 1) o",
            [[one[0] for one in asked], [one[1] for one in asked], [one[2] for one in asked]],
        )
        return {(m, s, at): (value, revision) for m, s, at, value, revision in cursor.fetchall()}


def history(asked: Iterable[Series]) -> dict[Series, list[Point]]:
    """The newest observations of each series, the newest last; one statement for all."""
    wanted = sorted(set(asked), key=lambda one: (str(one[0]), one[1]))
    found: dict[Series, list[Point]] = {one: [] for one in wanted}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.metric_id, o.segment, o.at, o.value, o.verdict, o.count, o.revision"
            " FROM unnest(%s::uuid[], %s::text[]) t(m, s)"
            " CROSS JOIN LATERAL (SELECT DISTINCT ON (at) *"
            "  FROM governance_observation o WHERE o.metric_id = t.m AND o.segment = t.s"
            "  ORDER BY at DESC, revision DESC LIMIT %s) o ORDER BY o.at",
            [[one[0] for one in wanted], [one[1] for one in wanted], MOST_BACK],
        )
        for metric, segment, at, value, verdict, count, revision in cursor.fetchall():
            found[metric, segment].append(Point(at, value, Verdict(verdict), count, revision))
    return found


def points(
    metric: Metric, segment: str, since: dt.datetime, until: dt.datetime, most: int
) -> list[Point]:
    """The series between two moments, the newest last, at most so many of the newest."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (at) at, value, verdict, count, revision"
            " FROM governance_observation"
            " WHERE metric_id = %s AND segment = %s AND at >= %s AND at < %s"
            " ORDER BY at DESC, revision DESC LIMIT %s",
            [metric.pk, segment, since, until, most],
        )
        return [Point(at, value, Verdict(verdict), count, revision)
                for at, value, verdict, count, revision in reversed(cursor.fetchall())]  # fmt: skip


def segments(metric: Metric) -> list[str]:
    """The metric's segments, the whole first."""
    return list(metric.readings.order_by("segment").values_list("segment", flat=True))


# The columns of an observation that its report's digest covers, in this order.
COVERED = (
    "metric_id", "segment", "at", "revision", "value", "count", "inputs", "verdict",
    "threshold_id", "pack_id",
)  # fmt: skip


def line(columns: Iterable[object]) -> str:
    """One observation as its report's digest covers it: each column with its length before it."""
    return "".join(f"{len(one.encode())}:{one}," for one in map(_spelled, columns))


def _spelled(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return repr(value) if isinstance(value, float) else str(value)


def digest(lines: Iterable[str]) -> str:
    """SHA-256 over the lines of a report, in the order told."""
    found = hashlib.sha256()
    for one in lines:
        found.update(one.encode())
    return found.hexdigest()


def unsound_reports(most: int) -> list[tuple[str, int]]:
    """Reports whose observations are not those that the ledger's digest covers, and observations
    without a report: the first in words, and how many. Constant memory.
    """
    faults = [*_unsound(), *_without_report()]
    return [(fault, len(faults)) for fault in faults[:most]]


def _unsound() -> Iterator[str]:
    last = 0
    while True:
        rows = list(MetricReport.objects.filter(number__gt=last).order_by("number")[:CHUNK])
        if not rows:
            return
        last = rows[-1].number
        lines = _lines_of([row.number for row in rows])
        for row in rows:
            if len(lines[row.number]) != row.size or digest(lines[row.number]) != row.sha256:
                yield f"observations: report {row.number} is not what its digest covers"


def _lines_of(numbers: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {one: [] for one in numbers}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT report_id, {', '.join(COVERED)}"  # noqa: S608 (own columns)
            " FROM governance_observation WHERE report_id = ANY(%s) ORDER BY report_id, place",
            [numbers],
        )
        for number, *told in cursor.fetchall():
            found[number].append(line(told))
    return found


def _without_report() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT report_id FROM governance_observation o WHERE NOT EXISTS"
            " (SELECT FROM governance_metricreport r WHERE r.number = o.report_id) LIMIT 100"
        )
        for (number,) in cursor.fetchall():
            yield f"observations: report {number} is not there"
