"""How well people oversee a release: by checkpoint, reviewer and month."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from governance.checkpoints import queries
from governance.checkpoints.models import Case, Decision, Plan
from governance.checkpoints.models.cases import WAITING, CaseKind, Outcome
from governance.checkpoints.rules import effectiveness
from governance.checkpoints.rules.effectiveness import Measure
from governance.checkpoints.schema import Band
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.releases.models import Release

DAYS, YEAR = 90, 31 * 12
MOST = 50_000  # cases, the latest ones, that are read for one release
SORTED_IN_MEMORY = "32MB"  # so many of them


@dataclass(frozen=True)
class Overseen:
    """One line of the table: of what, the figures, how many waited in vain or still wait."""

    name: str
    figures: Measure
    lapsed: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Tables:
    """The figures of a release: lately by checkpoint and by reviewer, and by month of the year."""

    checkpoints: list[Overseen]
    reviewers: list[Overseen]
    months: list[Overseen]


def overseen(release: Release, days: int = DAYS) -> Tables:
    """How well people oversee the release, in one statement however many cases there are.

    Reviewers are named by the person's key, those of business systems by theirs; months without
    cases are left out, the oldest comes first.
    """
    now = clock.now()
    lately = now - dt.timedelta(days=days)
    told: dict[str, Any] = {  # Any: a statement's values
        "release": release.pk, "since": now - dt.timedelta(days=max(days, YEAR)),
        "lately": lately, "most": MOST, "zone": settings.TIME_ZONE,
    }  # fmt: skip
    found: dict[str, dict[str, Measure]] = {"checkpoint": {}, "reviewer": {}, "month": {}}
    band = queries.active_section().band
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [SORTED_IN_MEMORY])
        cursor.execute(FIGURES, told)
        for about, name, cases, overrides, seconds, streak in cursor.fetchall():
            found[about][name] = effectiveness.figures(
                cases, overrides, seconds, streak, low_percent=band.low_percent,
                high_percent=band.high_percent, least_cases=band.least_cases,
            )  # fmt: skip
    return Tables(
        _with_waiting(release, found["checkpoint"], lately, band),
        [Overseen(name, figures) for name, figures in sorted(found["reviewer"].items())],
        [Overseen(name, figures) for name, figures in sorted(found["month"].items())],
    )


def _with_waiting(
    release: Release, found: dict[str, Measure], since: dt.datetime, band: Band
) -> list[Overseen]:
    """The checkpoints' figures with what lapsed and what waits, where nothing is decided too."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    rows = Case.objects.filter(release=release, opened_at__gte=since)
    for key, state, many in rows.values_list("checkpoint", "state").annotate(Count("pk")):
        counts[key][state] = many
    nothing = effectiveness.measure(
        [], low_percent=band.low_percent, high_percent=band.high_percent,
        least_cases=band.least_cases,
    )  # fmt: skip
    return [
        Overseen(
            key, found.get(key, nothing), counts[key].get("lapsed", 0),
            sum(counts[key].get(state, 0) for state in WAITING),
        )
        for key in sorted(counts.keys() | found.keys())
    ]  # fmt: skip


# The release's decided cases, the latest ones, with two numbers each: how often their reviewer had
# overridden by then, everywhere and at the checkpoint. Those accepted between two overrides have
# the same: they are a streak. Second reviews and tests of attention are no looks of this kind.
FIGURES = """
WITH looks AS MATERIALIZED (
    SELECT checkpoint, reviewer, month, is_override, seconds, is_lately,
        count(*) FILTER (WHERE is_override) OVER (
            PARTITION BY reviewer ORDER BY decided_at, id ROWS UNBOUNDED PRECEDING) AS run,
        count(*) FILTER (WHERE is_override) OVER (
            PARTITION BY reviewer, checkpoint ORDER BY decided_at, id
            ROWS UNBOUNDED PRECEDING) AS run_there
    FROM (
        SELECT id, decided_at, checkpoint, outcome = 'override' AS is_override,
            coalesce(decided_by_id::text, decided_elsewhere) COLLATE "C" AS reviewer,
            date_trunc('month', decided_at AT TIME ZONE %(zone)s) AS month,
            coalesce(extract(epoch FROM decided_at - viewed_at), 0)::float8 AS seconds,
            decided_at >= %(lately)s AS is_lately
        FROM governance_case
        WHERE release_id = %(release)s AND state = 'decided' AND decided_at >= %(since)s
            AND kind NOT IN ('blind', 'seeded')
        ORDER BY decided_at DESC, id DESC LIMIT %(most)s
    ) AS latest
), sums AS (
    SELECT checkpoint, reviewer, NULL::timestamp AS month, count(*) AS cases,
        count(*) FILTER (WHERE is_override) AS overrides,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds
    FROM looks WHERE is_lately GROUP BY GROUPING SETS ((checkpoint), (reviewer))
    UNION ALL
    SELECT NULL, NULL, month, count(*), count(*) FILTER (WHERE is_override),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
    FROM looks GROUP BY month
), streaks AS (
    SELECT checkpoint, NULL AS reviewer, NULL::timestamp AS month, max(accepted) AS streak
    FROM (SELECT checkpoint, count(*) AS accepted FROM looks WHERE is_lately AND NOT is_override
          GROUP BY checkpoint, reviewer, run_there) AS runs GROUP BY checkpoint
    UNION ALL
    SELECT NULL, reviewer, NULL, max(accepted)
    FROM (SELECT reviewer, count(*) AS accepted FROM looks WHERE is_lately AND NOT is_override
          GROUP BY reviewer, run) AS runs GROUP BY reviewer
    UNION ALL
    SELECT NULL, NULL, month, max(accepted)
    FROM (SELECT month, count(*) AS accepted FROM looks WHERE NOT is_override
          GROUP BY month, reviewer, run) AS runs GROUP BY month
)
SELECT CASE WHEN sums.checkpoint IS NOT NULL THEN 'checkpoint'
            WHEN sums.reviewer IS NOT NULL THEN 'reviewer' ELSE 'month' END,
    coalesce(sums.checkpoint, sums.reviewer, to_char(sums.month, 'YYYY-MM')), cases, overrides,
    seconds, coalesce(streak, 0)
FROM sums LEFT JOIN streaks ON (sums.checkpoint, sums.reviewer, sums.month)
    IS NOT DISTINCT FROM (streaks.checkpoint, streaks.reviewer, streaks.month)
"""


def answers(release: Release, days: int = 30) -> dict[str, int]:
    """How often each answer was given lately."""
    since = clock.now() - dt.timedelta(days=days)
    rows = Decision.objects.filter(release_id=release.pk, received_at__gte=since)
    return dict(rows.values_list("answer").annotate(Count("answer")).order_by("answer"))


def agreement(release: Release, days: int = DAYS) -> tuple[int, int]:
    """Blind second reviews that came to the same outcome, and all of them."""
    pairs = _again(release, CaseKind.BLIND, days).values_list("about__outcome", "outcome")
    return effectiveness.agreement(pairs)


def detected(release: Release, days: int = DAYS) -> tuple[int, int]:
    """Known-wrong cases that were overridden once more, and all that were decided."""
    outcomes = list(_again(release, CaseKind.SEEDED, days).values_list("outcome", flat=True))
    return outcomes.count("override"), len(outcomes)


def gave_way(release: Release, days: int = DAYS) -> tuple[int, int]:
    """Where the own view came first: how often people accepted against it, of all that differed."""
    since = clock.now() - dt.timedelta(days=days)
    rows = Case.objects.filter(
        release=release, state="decided", decided_at__gte=since, hides_advice=True
    )
    rows = rows.exclude(kind__in=[CaseKind.BLIND, CaseKind.SEEDED])
    differed = rows.exclude(own_view="").exclude(own_view=F("output"))
    return differed.filter(outcome=Outcome.ACCEPT).count(), differed.count()


def _again(release: Release, kind: CaseKind, days: int) -> QuerySet[Case]:
    since = clock.now() - dt.timedelta(days=days)
    return Case.objects.filter(release=release, kind=kind, state="decided", decided_at__gte=since)


def missed_percent(release: Release, days: int = DAYS) -> float:
    """Of the closed cases, how many passed their limit first: lapsed, or escalated by it.

    What a reviewer hands up, or what two of them see differently, is no limit missed.
    """
    since = clock.now() - dt.timedelta(days=days)
    closed = Case.objects.filter(release=release, opened_at__gte=since).exclude(state__in=WAITING)
    by_limit = Entry.objects.filter(subject_id=OuterRef("pk"), kind="case.limit_escalated")
    missed = Q(state="lapsed") | (Q(effect="escalate") & Exists(by_limit))
    many = closed.count()
    return round(100 * closed.filter(missed).count() / many, 2) if many else 0.0


def plans_to_oversee() -> QuerySet[Plan]:
    """The plans in force, with their releases."""
    return Plan.objects.filter(state="in_force").select_related("release")
