"""Monitoring: a year of daily values of many metrics, then reports, charts, lists and sweeps.

Run: python -m config.local.testing -- python -m tests.benchmarks.bench_monitoring [metrics ...]

Each estate (1,000 and 10,000 metrics if not told) is built up and measured in one run; what matters
is how little the figures of the larger differ. Prints figures; asserts no time.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable

import django

from tests.benchmarks import measure

django.setup()

from django.db import connection, connections  # noqa: E402 (after setup)

from governance.monitoring import queries, services  # noqa: E402
from governance.monitoring.models import Metric  # noqa: E402
from governance.monitoring.services import Told  # noqa: E402
from registry.core import clock  # noqa: E402
from registry.core.ledger import services as ledger  # noqa: E402
from registry.core.policy import queries as policy  # noqa: E402
from registry.releases.models import Release  # noqa: E402
from tests import conftest, story, world  # noqa: E402

DAYS, BATCH, REPEATS = 365, 500, 9


def main() -> int:
    """Builds each estate in turn and measures it."""
    counts = [int(one) for one in sys.argv[1:]] or [1_000, 10_000]
    measure.found_institution()
    try:
        story.to_production(story.register())
        release = Release.objects.get(stage="S5")
        built = 0
        for count in counts:
            build(release, built, count)
            built = count
            print(f"\n== {count:,} metrics, {count * DAYS:,} values")
            figures(release, count)
    finally:
        connections.close_all()
        conftest.drop(measure.DATABASE)
    return 0


def build(release: Release, start: int, end: int) -> None:
    """The metrics with their entries; a value for each day of the last year, told by nobody."""
    owner = world.person("wang")
    for first in range(start, end, 400):
        rows = [
            Metric(release=release, key=f"m{number}", name_zh="指标", name_en="Metric",
                   every_days=1, opened_by=owner, opened_at=clock.now())
            for number in range(first, min(first + 400, end))
        ]  # fmt: skip
        with ledger.act(owner) as act:
            act.create_many(rows, "metric.begun")
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO governance_observation SELECT m.id, '', %s - d * interval '1 day', 0,"
            " 0.03 + 0.02 * random(), 1000, '', 'ok', NULL, %s, 0, d"
            " FROM generate_series(1, %s) d CROSS JOIN governance_metric m"
            " LEFT JOIN governance_reading r ON r.metric_id = m.id WHERE r.id IS NULL",
            [midnight, policy.active_pack().pk, DAYS],
        )
        cursor.execute(
            "INSERT INTO governance_reading (metric_id, segment, at, value, level, due_at)"
            " SELECT m.id, '', %s, 0.04, 'ok', %s FROM governance_metric m"
            " LEFT JOIN governance_reading r ON r.metric_id = m.id WHERE r.id IS NULL",
            [midnight, clock.now() + dt.timedelta(days=2)],
        )
        cursor.execute("ANALYZE")


def figures(release: Release, count: int) -> None:
    """How long each takes, in the process; medians."""
    some = list(Metric.objects.filter(release=release).order_by("key")[:10])
    until = clock.now() + dt.timedelta(days=1)
    year = until - dt.timedelta(days=366)
    told = median(lambda: queries.points(some[3], "", year, until, 1_000))
    print(f"a year of one metric          {told:8.1f} ms")
    print(f"ten small pictures            {median(lambda: queries.newest_points(some)):8.1f} ms")
    print(f"how the release stands        {median(lambda: queries.status_of([release])):8.1f} ms")
    print(f"a sweep that finds nothing    {median(listen):8.1f} ms")
    rates = [report(release, count, turn) for turn in range(REPEATS)]
    print(f"reports of {BATCH}                {statistics.median(rates):8,.0f} values/s")


def listen() -> object:
    """What is overdue: nothing."""
    return services.listen(actor=world.person("admin"))


def report(release: Release, count: int, turn: int) -> float:
    """Values a second, of a report over metrics that lie apart."""
    step = max(1, count // BATCH)
    keys = [f"m{(number * step + turn) % count}" for number in range(BATCH)]
    at = clock.now() - dt.timedelta(seconds=REPEATS - turn)
    rows = [Told(release.code, key, at, value=0.04) for key in dict.fromkeys(keys)]
    begun = time.perf_counter()
    services.report(actor=world.person("pipeline"), told=rows)
    return len(rows) / (time.perf_counter() - begun)


def median(call: Callable[[], object]) -> float:
    """Milliseconds, after one call that is not counted."""
    call()
    taken = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        call()
        taken.append(1_000 * (time.perf_counter() - begun))
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
