"""The database counts what the pure rules count: rates, medians and streaks of the same cases."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import defaultdict
from typing import Any

import pytest

from governance.checkpoints import queries
from governance.checkpoints.models import Case, Plan
from governance.checkpoints.queries import oversight
from governance.checkpoints.rules.effectiveness import Look, measure
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.states import LIVE
from tests.world import person

NOW = LIVE + dt.timedelta(days=400)


def opened(live: Release, chance: random.Random, many: int) -> list[Case]:
    """So many cases, decided within the last 380 days by four, some in the same second."""
    plan, gateway = Plan.objects.get(), person("gateway")
    rows = []
    for number in range(many):
        kind = chance.choice(["held"] * 8 + ["sampled", "blind", "seeded"])
        at = NOW - dt.timedelta(days=chance.choice([1, 5, 40, 88, 89, 91, 120, 370, 380]),
                                seconds=chance.randrange(0, 50_000, 5_000))  # fmt: skip
        rows.append(Case(
            code=f"CAS-{number}-0", kind=kind, plan=plan, release=live, gateway=gateway,
            checkpoint=chance.choice(["grey_zone", "refusal"]), point="RI-01",
            reference=f"R{number}", batch_id=number, position=0, received_at=at, output="approve",
            opened_at=at, due_at=at + dt.timedelta(hours=4),
        ))  # fmt: skip
    with ledger.act(system()) as act:
        act.create_many(rows, "case.opened")
    return rows


def decide(rows: list[Case], chance: random.Random) -> None:
    people = [person(name) for name in ("fu", "fang", "fei")]
    with ledger.act(system()) as act:
        for row in rows:
            if chance.random() < 0.1:
                continue  # still waits
            by = chance.choice([*people, None])
            seconds = chance.choice([0.5, 3, 12.25, 60, 3_600])
            act.update(row, "case.decided", {
                "state": "decided", "outcome": chance.choice(["accept"] * 4 + ["override"]),
                "reason_code": "x", "decided_by": by,
                "decided_elsewhere": "" if by else chance.choice(["LOS: u-1", "LOS: u-2"]),
                "viewed_at": chance.choice([row.opened_at, None]),
                "decided_at": row.opened_at + dt.timedelta(seconds=seconds),
            })  # fmt: skip


def counted(live: Release, by: str, days: int) -> dict[str, Any]:
    """The figures as the pure rules have them, case by case."""
    looks: dict[str, list[Look]] = defaultdict(list)
    rows = Case.objects.filter(
        release=live, state="decided", decided_at__gte=NOW - dt.timedelta(days=days)
    ).exclude(kind__in=["blind", "seeded"])
    for row in rows.order_by("decided_at", "pk"):
        assert row.decided_at is not None
        seconds = (row.decided_at - row.viewed_at).total_seconds() if row.viewed_at else 0.0
        reviewer = str(row.decided_by_id) if row.decided_by_id else row.decided_elsewhere
        key = {
            "checkpoint": row.checkpoint, "reviewer": reviewer,
            "month": clock.local_day(row.decided_at).strftime("%Y-%m"),
        }[by]  # fmt: skip
        looks[key].append(Look(reviewer, row.outcome == "override", seconds))
    band = queries.active_section().band
    told = {"low_percent": band.low_percent, "high_percent": band.high_percent}
    return {
        key: measure(found, least_cases=band.least_cases, **told) for key, found in looks.items()
    }


@pytest.mark.parametrize("seed", range(4))
def test_the_database_counts_as_the_rules_do(live: Release, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (cases, no secrets)
    decide(opened(live, chance, 240), chance)
    with clock.at(NOW):
        found = oversight.overseen(live)
        tables = {
            "checkpoint": found.checkpoints, "reviewer": found.reviewers, "month": found.months,
        }  # fmt: skip
        for by, lines in tables.items():
            figures = {one.name: one.figures for one in lines}
            assert figures == counted(live, by, 372 if by == "month" else 90), by
            assert list(figures) == sorted(figures)


def test_where_nothing_is_decided_what_waits_is_told(live: Release) -> None:
    chance = random.Random(1)  # noqa: S311 (cases, no secrets)
    rows = opened(live, chance, 30)
    with clock.at(NOW):
        found = oversight.overseen(live)
    lately = [row for row in rows if row.opened_at >= NOW - dt.timedelta(days=90)]
    assert (found.reviewers, found.months) == ([], [])
    assert {one.name: (one.waiting, one.figures.cases) for one in found.checkpoints} == {
        key: (sum(row.checkpoint == key for row in lately), 0) for key in ("grey_zone", "refusal")
    }


def test_another_release_has_no_figures(live: Release) -> None:
    chance = random.Random(2)  # noqa: S311 (cases, no secrets)
    decide(opened(live, chance, 40), chance)
    with clock.at(NOW):
        found = oversight.overseen(Release(pk=uuid.uuid4()))
    assert (found.checkpoints, found.reviewers, found.months) == ([], [], [])
