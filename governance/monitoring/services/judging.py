"""Each new value is judged by the limits of the moment, in the order of the series."""

from __future__ import annotations

import bisect
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.monitoring.models import Threshold
from governance.monitoring.queries.policy import Holding
from governance.monitoring.queries.series import Point, Series
from governance.monitoring.rules import Limits, Verdict, held, judge
from governance.monitoring.services.reading import Taken


@dataclass(frozen=True)
class Judged:
    """An observation with its verdict. revision: 0, or more for a correction."""

    taken: Taken
    revision: int
    verdict: Verdict
    threshold: Threshold | None


@dataclass(frozen=True)
class Course:
    """How a series stands after the new values: its newest one, and the level that has held."""

    series: Series
    newest: Point
    level: Verdict
    holding: Holding


def holding_for(
    holdings: Mapping[tuple[uuid.UUID, str], Holding], metric_id: uuid.UUID, segment: str
) -> Holding:
    """The segment's own limits, else those of all segments."""
    return holdings.get((metric_id, segment)) or holdings[metric_id, ""]


def judge_all(
    fresh: Sequence[tuple[Taken, int]],
    before: Mapping[Series, list[Point]],
    holdings: Mapping[tuple[uuid.UUID, str], Holding],
) -> tuple[list[Judged], list[Course]]:
    """Every new observation with its verdict, and how each series stands then."""
    by_series: dict[Series, list[tuple[Taken, int]]] = {}
    for taken, revision in fresh:
        by_series.setdefault((taken.metric.pk, taken.segment), []).append((taken, revision))
    judged, courses = [], []
    for series, rows in by_series.items():
        holding = holding_for(holdings, *series)
        told, points = _of_one(rows, before[series], holding)
        judged += told
        consecutive = holding.limits.consecutive if holding.limits else 1
        level = held([one.verdict for one in points], consecutive)
        courses.append(Course(series, points[-1], level, holding))
    return sorted(judged, key=lambda one: one.taken.place), courses


def _of_one(
    rows: list[tuple[Taken, int]], before: list[Point], holding: Holding
) -> tuple[list[Judged], list[Point]]:
    points = list(before)
    judged = []
    for taken, revision in sorted(rows, key=lambda one: one[0].at):
        place = bisect.bisect_left(points, taken.at, key=lambda one: one.at)
        earlier = [one.value for one in points[:place]]
        verdict = _verdict(holding.limits, taken.value, earlier)
        point = Point(taken.at, taken.value, verdict, taken.count, revision)
        is_corrected = place < len(points) and points[place].at == taken.at
        points[place : place + is_corrected] = [point]
        judged.append(Judged(taken, revision, verdict, holding.threshold))
    return judged, points


def _verdict(limits: Limits | None, value: float, earlier: list[float]) -> Verdict:
    return Verdict.UNJUDGED if limits is None else judge(limits, value, earlier)
