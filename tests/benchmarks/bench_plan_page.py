"""A plan's page with 50,000 cases of its release: how well people oversee, by whom and when.

Run: python -m config.local.testing -- python -m tests.benchmarks.bench_plan_page [cases]

The cases are written straight into their table, with its triggers off: what is measured reads them
alone. In one process through every middleware and the test client; medians; asserts no time.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.db import connections  # noqa: E402 (after setup)

from governance.checkpoints.models import Plan  # noqa: E402
from governance.checkpoints.queries import oversight  # noqa: E402
from governance.checkpoints.services import overseeing  # noqa: E402
from registry.core import clock  # noqa: E402
from tests import conftest, story, world  # noqa: E402
from tests.benchmarks import measure  # noqa: E402
from tests.governance.checkpoints import world as checkpoints  # noqa: E402
from tests.governance.desk.test_what_is_shown import browser  # noqa: E402
from tests.governance.reviews.doing import SCORECARD, digest_of  # noqa: E402

CASES = """
INSERT INTO governance_case (
    id, row_version, created_at, code, kind, plan_id, release_id, checkpoint, point, gateway_id,
    reference, batch_id, position, received_at, output, opened_at, due_at, state, viewed_by_id,
    viewed_at, decided_by_id, decided_at, outcome, first_outcome, final_output, reason_code, note,
    effect, decided_elsewhere, link)
SELECT gen_random_uuid(), 3, now(), 'CAS-' || n || '-0', 'held', %(plan)s, %(release)s,
    CASE WHEN n %% 3 = 0 THEN 'refusal' ELSE 'grey_zone' END, 'RI-01', %(gateway)s, 'APP-' || n, n,
    0, at, 'approve', at, at + interval '4 hours', 'decided', who, at + interval '1 minute', who,
    at + interval '1 minute' + n %% 97 * interval '1 second',
    CASE WHEN n %% 23 = 0 THEN 'override' ELSE 'accept' END, '', '', 'facts_confirmed', '', '', '',
    ''
FROM (SELECT n, %(now)s - n * interval '150 seconds' AS at,
          (%(people)s::uuid[])[1 + n %% 3] AS who
      FROM generate_series(1, %(many)s) AS n) AS told
"""


def main() -> None:
    """Builds, fills, measures."""
    logging.disable(logging.WARNING)
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    measure.found_institution()
    try:
        release = story.to_production(story.register(digest=digest_of(SCORECARD)))
        checkpoints.staffed()
        plan = checkpoints.planned(release)
        told: dict[str, Any] = {  # Any: a statement's values
            "plan": plan.pk, "release": release.pk, "gateway": world.person("gateway").pk,
            "people": [world.person(name).pk for name in ("fu", "fang", "fei")],
            "now": clock.now(), "many": many,
        }  # fmt: skip
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE governance_case DISABLE TRIGGER USER")
            cursor.execute(CASES, told)
            cursor.execute("ALTER TABLE governance_case ENABLE TRIGGER USER")
            cursor.execute("ANALYZE")
        chen, path = browser("chen", "zh-hans"), f"/plans/{plan.pk}/"
        for name, do in (
            ("the page", lambda: chen.get(path)),
            ("its figures", lambda: oversight.overseen(release)),
            ("limits missed", lambda: oversight.missed_percent(release)),
            ("the alarms of a plan", lambda: overseeing.alarms_of(Plan.objects.get())),
        ):
            print(f"{many:,} cases: {name:22s} {timed(do):7.1f} ms", flush=True)
    finally:
        connections.close_all()
        conftest.drop(measure.DATABASE)


def timed(do: Callable[[], object]) -> float:
    """The median of seven calls in milliseconds."""
    spans = []
    for _turn in range(7):
        begun = time.perf_counter()
        do()
        spans.append(1_000 * (time.perf_counter() - begun))
    return statistics.median(spans)


if __name__ == "__main__":
    main()
