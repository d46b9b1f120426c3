"""200,000 decisions within a trip's window: what taking them in costs, and a pass over the trips.

Run: python -m config.local.testing -- python -m tests.benchmarks.bench_trips [decisions]

In one process, in batches of 500, none of which waits for a person. The pass is the one that beat
wakes every fifteen seconds, with one trip that does not hold; beside it a session's limit, counted
for one batch. Prints medians; asserts no time.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.db import connection, connections  # noqa: E402 (after setup)

from governance.checkpoints import services  # noqa: E402
from governance.checkpoints.schema import NewDecision, Quota  # noqa: E402
from governance.checkpoints.services import metering  # noqa: E402
from registry.core import clock  # noqa: E402
from registry.core.people.queries import system  # noqa: E402
from registry.releases.models import Release  # noqa: E402
from tests import conftest, story, world  # noqa: E402
from tests.benchmarks import measure  # noqa: E402
from tests.benchmarks.bench_decisions import PLAN, SIZE, told  # noqa: E402
from tests.governance.checkpoints import world as checkpoints  # noqa: E402
from tests.governance.reviews.doing import SCORECARD, digest_of  # noqa: E402

TRIPS = """
trips:
  - {key: refusals, label: {zh: 拒绝率异常, en: Too many refusals}, output: refuse,
     above_percent: 30, window_minutes: 1440, least: 20}
"""
QUOTA = Quota.model_validate({
    "key": "acts", "label": {"zh": "次数", "en": "acts"}, "by": "channel", "outputs": ["refuse"],
    "most": 1_000, "window_minutes": 1_440, "checkpoint": "large",
})  # fmt: skip
OUTPUTS = ("approve", "approve", "approve", "approve", "refuse")


def main() -> None:
    """Builds, fills, measures."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    measure.found_institution()
    try:
        release = story.to_production(story.register(digest=digest_of(SCORECARD)))
        checkpoints.staffed()
        checkpoints.planned(release, PLAN + TRIPS)
        taken = [take(release, number) for number in range(many // SIZE)]
        print(f"a batch of {SIZE}: {1_000 * statistics.median(taken):.1f} ms"
              f" = {SIZE / statistics.median(taken):,.0f} decisions/s in one process")  # fmt: skip
        figures("as they came in", release)
        with connections["owner"].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE governance_decision")
        figures("after a vacuum", release)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_size_pretty(sum(pg_relation_size(c.oid))),"
                " pg_size_pretty(sum(pg_indexes_size(c.oid))) FROM pg_class c"
                " WHERE relname ~ '^governance_decision_([0-9]+|other)$'"
            )
            print("on disk, rows and indexes:", *cursor.fetchone())
    finally:
        connections.close_all()
        conftest.drop(measure.DATABASE)


def take(release: Release, number: int) -> float:
    """How long a batch takes."""
    rows = []
    for place in range(SIZE):
        body = told(release, place, 0.81) | {
            "reference": f"{number}-{place}", "output": OUTPUTS[place % len(OUTPUTS)],
        }  # fmt: skip
        rows.append(NewDecision.model_validate(body))
    gateway = world.person("gateway")
    begun = time.perf_counter()
    services.take(gateway=gateway, told=rows)
    return time.perf_counter() - begun


def figures(when: str, release: Release) -> None:
    """The pass, and the count of a session's acts."""
    one = NewDecision.model_validate(told(release, 1, 0.81))
    trips = timed(lambda: services.trip(actor=system()))
    acts = timed(lambda: metering._recorded(release.pk, QUOTA, [one], clock.now()))
    print(f"{when}: a pass over the trips {trips:.1f} ms, a session's limit {acts:.1f} ms")


def timed(do: Callable[[], object]) -> float:
    """The median of nine calls in milliseconds."""
    spans = []
    for _turn in range(9):
        begun = time.perf_counter()
        do()
        spans.append(1_000 * (time.perf_counter() - begun))
    return statistics.median(spans)


if __name__ == "__main__":
    main()
