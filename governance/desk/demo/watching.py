"""Monitoring in the demo story: the scorecard's real scores, week by week; lately others apply.

Each week's applicants are drawn from the sample, and counted into bands of the score as a pipeline
would send them. In the last weeks low scores are drawn more often, so that the mix moves away from
that of the development sample, as it does when a bank widens its market.
"""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from typing import Any

from governance.desk.demo import overseeing
from governance.desk.demo.institution import person
from governance.desk.demo.telling import Steps, Told
from governance.monitoring import services
from governance.monitoring.models import Breach, Metric
from governance.monitoring.services import NewLimits
from governance.monitoring.services import Told as Observed
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.releases.models import Release

BANDS = (470, 490, 505, 515, 525, 535, 545, 555, 570)  # upper ends of the lower nine
WEEKS, DRIFTING = 24, 5  # of which the last drift
SHARE = 0.45  # of the sample, that applies in a week


def tell(told: Told) -> Steps:
    """A report each week; a baseline from the validation; the owner takes the warning up."""
    yield told.at(WEEKS * 7, "09:40")
    key = told.others[told.story.key].release_id
    release = Release.objects.select_related("version").get(pk=key)
    for week in range(WEEKS, 0, -1):
        yield told.at(week * 7 - 6, "08:30")
        _report(release, WEEKS - week)
        if week == WEEKS:
            _set_baseline(release)
    dispatch.run()
    yield told.at(1, "10:30")
    for row in Breach.objects.filter(release=release, state="open").order_by("pk"):
        services.take_up(
            actor=person("owner"), breach_id=row.pk,
            plan="低分段申请占比上升，与新渠道投放一致；已请模型团队分渠道复核（演示）。",
        )  # fmt: skip


def _report(release: Release, week: int) -> None:
    """What the pipeline counts at the end of a week."""
    lately = max(0, week - (WEEKS - DRIFTING) + 1) / DRIFTING
    good, bad = _drawn(week, lately)
    counted: dict[str, dict[str, Any]] = {
        "psi": {"expected": _bands(_sample()), "actual": _sum(good, bad)}
    }
    if week % 4 == 0:  # of four weeks together, as few loans go wrong in one
        for earlier in range(max(0, week - 3), week):
            more_good, more_bad = _drawn(earlier, 0.0)
            good, bad = _sum(good, more_good), _sum(bad, more_bad)
        counted |= dict.fromkeys(("auc", "ks"), {"positives": good, "negatives": bad})
    rows = [Observed(release.code, key, clock.now(), inputs=told) for key, told in counted.items()]
    services.report(actor=person("developer"), told=rows)


def _set_baseline(release: Release) -> None:
    """Model risk sets what the validation has measured as what a drop is measured from."""
    version = release.version
    assert version is not None  # noqa: S101 (it is live)
    for key in ("auc", "ks"):
        services.set_limits(
            actor=person("mrm"),
            metric_id=Metric.objects.get(key=key).pk,
            told=NewLimits(
                "drop", "以独立验证的样本外结果为基准（演示）", warn_high=0.05, act_high=0.1,
                baseline=float(version.metrics[f"{key}_validation"]), effects=("finding",),
            ),
        )  # fmt: skip


@cache
def _sample() -> tuple[tuple[int, bool], ...]:
    """Of each row of the sample its points, and whether the loan was repaid."""
    artifact, card = overseeing.artifact()
    with (overseeing.FOLDER / "german_credit.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            (overseeing.points_of(artifact, card, row)[0], row["outcome"] == "good")
            for row in csv.DictReader(file)
        )


def _drawn(week: int, lately: float) -> tuple[list[int], list[int]]:
    """Who applies in the week, in bands: those who repay, and those who do not."""
    middle = BANDS[len(BANDS) // 2]
    drawn = []
    for place, row in enumerate(_sample()):
        lot = int.from_bytes(hashlib.sha256(f"{week}-{place}".encode()).digest()[:4]) / 2**32
        leaning = 1 + lately * (0.6 if row[0] < middle else -0.6)
        if lot < SHARE * leaning:
            drawn.append(row)
    return _bands(row for row in drawn if row[1]), _bands(row for row in drawn if not row[1])


def _sum(one: list[int], other: list[int]) -> list[int]:
    return [first + second for first, second in zip(one, other, strict=True)]


def _bands(rows: Any) -> list[int]:  # Any: an iterable of rows
    counts = [0] * (len(BANDS) + 1)
    for points, _repaid in rows:
        counts[sum(points > end for end in BANDS)] += 1
    return counts
