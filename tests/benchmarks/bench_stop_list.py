"""Ask for the stop list with ten orders in force, and print what an answer takes.

Run: python -m config.local.testing -- python -m tests.benchmarks.bench_stop_list [calls]

In one process, through every middleware and the test client, with a machine's token. Beside it the
service alone (its one statement), the caller's own page (/me/) as the gauge, and what the first
answer after a change takes, which makes and signs the list anew.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.core.management import call_command  # noqa: E402 (after setup)
from django.db import connections  # noqa: E402

from config.local import roles  # noqa: E402
from governance.suspensions import services as suspensions  # noqa: E402
from registry.core import clock  # noqa: E402
from tests import conftest, story, world  # noqa: E402
from tests.rest.calling import machine  # noqa: E402

DATABASE = "mingce_bench_stop_list"
ORDERS = 10


def main() -> None:
    """Builds, asks, prints."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    logging.disable(logging.WARNING)
    roles.prepare(conftest.ADMIN_URL, DATABASE)
    conftest.use_database(DATABASE)
    try:
        call_command("prepare_database", verbosity=0)
        with clock.at(conftest.FOUNDED):
            world.build()
        release = story.to_production(story.register())
        gateway = machine()
        anew = []
        for index in range(ORDERS):
            target = ("release", release.pk) if index == 0 else ("model_use", release.model_use_id)
            suspensions.order(
                actor=world.person("chen"), kind="restrict", target_type=target[0],
                target_id=target[1], reason="评测用的限制", limits="限额",
            )  # fmt: skip
            anew.append(taken(lambda: gateway.get("/stop-list/"), 1))
        tag = gateway.get("/stop-list/")["ETag"]
        known = {"If-None-Match": tag}
        figures("first answer after a change", anew)
        figures(
            "the list in the service alone", [taken(suspensions.stop_list, 1) for _ in range(calls)]
        )
        figures("caller's own page", [taken(lambda: gateway.get("/me/"), 1) for _ in range(calls)])
        figures("list", [taken(lambda: gateway.get("/stop-list/"), 1) for _ in range(calls)])
        figures(
            "304", [taken(lambda: gateway.get("/stop-list/", **known), 1) for _ in range(calls)]
        )
    finally:
        connections.close_all()
        conftest.drop(DATABASE)


def taken(call: Callable[[], object], times: int) -> float:
    """Milliseconds a call."""
    begun = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - begun) * 1_000 / times


def figures(name: str, found: list[float]) -> None:
    """One line."""
    found = sorted(found)
    print(
        f"{name}: median {statistics.median(found):.2f} ms, "
        f"p99 {found[int(len(found) * 0.99) - 1]:.2f} ms, {len(found)} calls"
    )


if __name__ == "__main__":
    main()
