"""How well people oversee a release: by checkpoint, reviewer and month."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from governance.checkpoints import queries
from governance.checkpoints.models import Case, Decision, Plan
from governance.checkpoints.models.cases import WAITING, CaseKind
from governance.checkpoints.rules import effectiveness
from governance.checkpoints.rules.effectiveness import Look, Measure
from governance.checkpoints.schema import Band
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.releases.models import Release

DAYS = 90
MOST = 50_000  # cases, the latest ones, that are read for one release


@dataclass(frozen=True)
class Overseen:
    """One line of the table: of what, the figures, how many waited in vain or still wait."""

    name: str
    figures: Measure
    lapsed: int = 0
    waiting: int = 0


def decided(release: Release, since: dt.datetime) -> QuerySet[Case]:
    """The release's cases that were decided since, in the order of their decisions."""
    rows = Case.objects.filter(release=release, state="decided", decided_at__gte=since)
    rows = rows.exclude(kind__in=[CaseKind.BLIND, CaseKind.SEEDED])
    return rows.order_by("decided_at", "pk")


def by_checkpoint(release: Release, days: int = DAYS) -> list[Overseen]:
    """The figures of each checkpoint, with what lapsed and what waits."""
    since = clock.now() - dt.timedelta(days=days)
    looks = _looks(release, since, "checkpoint")
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    rows = Case.objects.filter(release=release, opened_at__gte=since)
    for key, state, many in rows.values_list("checkpoint", "state").annotate(Count("pk")):
        counts[key][state] = many
    band = queries.active_section().band
    return [
        Overseen(
            key, _measured(looks[key], band), counts[key].get("lapsed", 0),
            sum(counts[key].get(state, 0) for state in WAITING),
        )
        for key in sorted(counts.keys() | looks.keys())
    ]  # fmt: skip


def by_reviewer(release: Release, days: int = DAYS) -> list[Overseen]:
    """The figures of each reviewer, by the person's key; of business systems by theirs."""
    looks = _looks(release, clock.now() - dt.timedelta(days=days), "reviewer")
    band = queries.active_section().band
    return [Overseen(key, _measured(looks[key], band)) for key in sorted(looks)]


def by_month(release: Release, months: int = 12) -> list[Overseen]:
    """The figures of each month, the oldest first; months without cases are left out."""
    looks = _looks(release, clock.now() - dt.timedelta(days=31 * months), "month")
    band = queries.active_section().band
    return [Overseen(key, _measured(looks[key], band)) for key in sorted(looks)]


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


def _looks(release: Release, since: dt.datetime, by: str) -> dict[str, list[Look]]:
    found: dict[str, list[Look]] = defaultdict(list)
    rows = decided(release, since).values_list(
        "checkpoint", "decided_by_id", "decided_elsewhere", "outcome", "viewed_at", "decided_at"
    )
    latest = list(rows.order_by("-decided_at", "-pk")[:MOST])
    for checkpoint, person, elsewhere, outcome, viewed_at, decided_at in reversed(latest):
        if decided_at is None:
            continue
        seconds = (decided_at - viewed_at).total_seconds() if viewed_at else 0.0
        reviewer = elsewhere if person is None else str(person)
        key = {"checkpoint": checkpoint, "reviewer": reviewer}.get(by) or _month(decided_at)
        found[key].append(Look(reviewer, outcome == "override", seconds))
    return found


def _month(moment: dt.datetime) -> str:
    return clock.local_day(moment).strftime("%Y-%m")


def _measured(looks: list[Look], band: Band) -> Measure:
    return effectiveness.measure(
        looks, low_percent=band.low_percent, high_percent=band.high_percent,
        least_cases=band.least_cases,
    )  # fmt: skip
