"""Sweep a million open review packages for what is due, and print time and memory.

Run: python -m config.local.testing -- python -m tests.benchmarks.bench_reviews [packages]
The budget is 30 s for 1 M open reviews in constant memory (design section 8).

The packages are spread evenly over the past week and the coming year. They are written by the
owner with triggers off (a million acts would take an hour), as the institution's, and the rungs
from before today are marked as taken, as on any ordinary day. What is measured is the product's
own sweep.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.core.management import call_command  # noqa: E402 (after setup)
from django.db import connection, connections  # noqa: E402

from config.local import roles  # noqa: E402
from governance.reviews import queries, services  # noqa: E402
from governance.reviews.models import Package, Reminder  # noqa: E402
from registry.core import clock  # noqa: E402
from registry.core.dispatch import services as dispatch  # noqa: E402
from registry.core.people.queries import system  # noqa: E402
from registry.releases.models import Release  # noqa: E402
from tests import conftest, story, world  # noqa: E402
from tests.benchmarks import memory  # noqa: E402

DATABASE = "mingce_bench_reviews"
PACKAGES = """
INSERT INTO governance_package (id, row_version, code, release_id, entity_id, place, due_on,
    planned_on, state, held_reason)
SELECT gen_random_uuid(), 1, 'RVP-B-' || n, NULL, %(entity)s, 'II',
    %(today)s::date - 7 + (n %% 372), %(today)s::date - 400, 'open', ''
FROM generate_series(1, %(count)s) n
"""
REVIEWS = """
INSERT INTO governance_review (id, row_version, package_id, kind, trigger, trigger_reason, pack_id,
    state, checklist, summary, outcome, returned_note)
SELECT gen_random_uuid(), 1, p.id, 'PR-02', 'change', '', %(pack)s, 'planned', '{}', '', '', ''
FROM governance_package p WHERE p.code LIKE 'RVP-B-%%'
"""
TAKEN = """
INSERT INTO governance_reminder (id, package_id, rung, for_on, came_on, sent_at, told)
SELECT gen_random_uuid(), p.id, %(rung)s, p.due_on, %(today)s::date - 1, now(), 0
FROM governance_package p WHERE p.code LIKE 'RVP-B-%%' AND p.due_on + %(days)s < %(today)s::date
"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    roles.prepare(conftest.ADMIN_URL, DATABASE)
    conftest.use_database(DATABASE)
    try:
        call_command("prepare_database", verbosity=0)
        world.build()
        release = story.to_production(story.register())
        dispatch.run()
        fill(count, release)
        sweep(count)
    finally:
        connections.close_all()
        conftest.drop(DATABASE)


def fill(count: int, release: Release) -> None:
    """The packages, a review in each, and the rungs of the days before."""
    section, today = queries.active_section(), clock.today()
    told: dict[str, Any] = {"count": count, "today": today, "entity": release.model_use.entity_id}
    with connections["owner"].cursor() as cursor:
        for table in ("package", "review", "reminder"):
            cursor.execute(f"ALTER TABLE governance_{table} DISABLE TRIGGER USER")  # noqa: S608
        cursor.execute("DROP INDEX IF EXISTS a_kind_waits_once_for_the_institution")
        cursor.execute(PACKAGES, told)
        cursor.execute(REVIEWS, {"pack": release.review_packages.first().reviews.first().pack_id})  # type: ignore[union-attr]  # planned above
        for step in section.steps():
            if "II" in step.days:
                cursor.execute(TAKEN, told | {"rung": step.key, "days": step.days["II"]})
        for table in ("package", "review", "reminder"):
            cursor.execute(f"ALTER TABLE governance_{table} ENABLE TRIGGER USER")  # noqa: S608
            cursor.execute(f"ANALYZE governance_{table}")  # noqa: S608 (constant names)


def sweep(count: int) -> None:
    """The product's own sweep, once with work and once more without."""
    print(f"{Package.objects.filter(state='open').count():,} open packages")
    for name in ("what is due today", "nothing left"):
        before = Reminder.objects.count()
        held, started = memory.begin(), time.perf_counter()
        taken = services.sweep(actor=system())
        seconds = time.perf_counter() - started
        assert taken == Reminder.objects.count() - before  # noqa: S101 (a benchmark that lies is none)
        told = f"{memory.peak() - held:.0f} MiB more than {held:.0f} MiB"
        print(f"sweep, {name}: {taken:,} rungs in {seconds:.1f} s, {told}", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        print("database:", cursor.fetchone()[0])


if __name__ == "__main__":
    main()
