"""Each new value is judged by the limits of the moment, in the order of the series."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.monitoring.models import Threshold
from governance.monitoring.queries.policy import Holding, Holdings, holding_of
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
    """How a series stands after the new values: its newest one, and the level that has held.

    peak, peak_at: the gravest level that some new value has brought about, and that value: one
    that was told late, or followed by better ones, counts as if it had been told alone.
    """

    series: Series
    newest: Point
    level: Verdict
    peak: Verdict
    peak_at: Point
    holding: Holding


def judge_all(
    fresh: Sequence[tuple[Taken, int]], before: Mapping[Series, list[Point]], holdings: Holdings
) -> tuple[list[Judged], list[Course]]:
    """Every new observation with its verdict, and how each series stands then."""
    by_series: dict[Series, list[tuple[Taken, int]]] = {}
    for taken, revision in fresh:
        by_series.setdefault((taken.metric.pk, taken.segment), []).append((taken, revision))
    judged, courses = [], []
    for series, rows in by_series.items():
        holding = holding_of(holdings, *series)
        told, points = _of_one(rows, before[series], holding)
        judged += told
        courses.append(_course(series, points, {one.taken.at for one in told}, holding))
    return sorted(judged, key=lambda one: one.taken.place), courses


def _course(series: Series, points: list[Point], new: set[dt.datetime], holding: Holding) -> Course:
    consecutive = holding.consecutive
    verdicts = [one.verdict for one in points]
    peak, peak_at = Verdict.UNJUDGED, points[-1]
    for place, point in enumerate(points):
        window = points[max(0, place - consecutive + 1) : place + 1]
        if not any(one.at in new for one in window):
            continue
        level = held(verdicts[: place + 1], consecutive)
        if level.rank >= peak.rank:
            peak, peak_at = level, point
    return Course(series, points[-1], held(verdicts, consecutive), peak, peak_at, holding)


def _of_one(
    rows: list[tuple[Taken, int]], before: list[Point], holding: Holding
) -> tuple[list[Judged], list[Point]]:
    points = list(before)
    judged = []
    for taken, revision in sorted(rows, key=lambda one: one[0].at):
        place = bisect.bisect_left(points, taken.at, key=lambda one: one.at)
        earlier = [one.value for one in points[:place]]
        verdict = _verdict(holding.sets, taken.value, earlier)
        point = Point(taken.at, taken.value, verdict, taken.count, revision)
        is_corrected = place < len(points) and points[place].at == taken.at
        points[place : place + is_corrected] = [point]
        judged.append(Judged(taken, revision, verdict, holding.threshold))
    return judged, points


def _verdict(sets: Sequence[Limits], value: float, earlier: list[float]) -> Verdict:
    """The gravest; only what no limits could judge is not judged."""
    found = [judge(limits, value, earlier) for limits in sets]
    judged = [one for one in found if one is not Verdict.UNJUDGED]
    return max(judged, key=lambda one: one.rank, default=Verdict.UNJUDGED)
