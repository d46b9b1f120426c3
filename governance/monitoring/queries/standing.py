"""How releases stand: green, amber or red (the return's field 52), and what lies open."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection, models
from django.db.models import Count, Exists, OuterRef, Q

from governance.monitoring.models import Breach, Level, Metric, Reading
from governance.monitoring.queries.policy import active_section, metric_named
from governance.monitoring.queries.reaching import visible_breaches, visible_to
from governance.monitoring.queries.series import Point
from governance.monitoring.rules import Verdict
from registry.core import clock
from registry.core.people.models import User
from registry.core.policy.schema import Label
from registry.releases.models import Release, Stage


class Status(StrEnum):
    """监测状态: nothing watched, no value yet, in order, a warning or silence, action needed."""

    NONE = "none"
    WAITING = "waiting"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


def status_of(releases: Iterable[Release]) -> dict[uuid.UUID, Status]:
    """Release → how its monitoring stands; two statements, however many releases."""
    keys = [row.pk for row in releases]
    watched = Metric.objects.filter(release__in=keys, state="open").values("release")
    valued = watched.annotate(values=Count("pk", filter=Q(readings__at__isnull=False)))
    found = {
        release_id: Status.GREEN if values else Status.WAITING
        for release_id, values in valued.values_list("release", "values")
    }
    opened = Breach.objects.filter(release__in=keys).exclude(state="closed")
    rows = opened.values("release").annotate(act=Count("pk", filter=Q(level=Level.ACT)))
    for release_id, act in rows.values_list("release", "act"):
        found[release_id] = Status.RED if act else Status.AMBER
    return {key: found.get(key, Status.NONE) for key in keys}


@dataclass(frozen=True)
class Reporting:
    """Whether any value has come of a release, and the names of what is expected and has not."""

    has_values: bool
    lacking: tuple[Label, ...]


def reporting(releases: Iterable[uuid.UUID]) -> dict[uuid.UUID, Reporting]:
    """Release → what of its monitoring has come; one statement, however many releases."""
    keys = list(releases)
    rows = Reading.objects.filter(metric__release__in=keys, metric__state="open", segment="")
    section, now = active_section(), clock.now()
    told: dict[uuid.UUID, list[Reading]] = {key: [] for key in keys}
    for row in rows.select_related("metric").order_by("metric__key"):
        told[row.metric.release_id].append(row)
    found = {}
    for key, readings in told.items():
        late = [row.metric for row in readings if _is_lacking(row, now)]
        named = (metric_named(one, section.metric(one.key)) for one in late)
        lacking = tuple(Label(zh=zh, en=en) for zh, en in named)
        found[key] = Reporting(any(row.at for row in readings), lacking)
    return found


def _is_lacking(row: Reading, now: dt.datetime) -> bool:
    return row.due_at is not None and (row.at is None or row.due_at < now)


@dataclass(frozen=True)
class Figures:
    """What the overview counts: live releases by their status, metrics, silent ones."""

    releases: dict[str, int]
    metrics: int
    silent: int


def figures(user: User) -> Figures:
    """Of the live releases that the person may see; three statements."""
    live = Q(release__stage__in=[Stage.S4, Stage.S5])
    metrics = visible_to(user).filter(live, state="open")
    opened = visible_breaches(user).filter(live).exclude(state="closed")
    rows = opened.values("release").annotate(act=Count("pk", filter=Q(level=Level.ACT)))
    by_release = dict(rows.values_list("release", "act"))
    red = sum(1 for act in by_release.values() if act)
    valued = Reading.objects.filter(metric=OuterRef("pk"), at__isnull=False)
    calm = metrics.annotate(
        is_calm=~Exists(opened.filter(release=OuterRef("release"))), has_values=Exists(valued)
    )
    watched = calm.aggregate(
        metrics=Count("pk"),
        calm=Count("release", distinct=True, filter=Q(is_calm=True)),
        green=Count("release", distinct=True, filter=Q(is_calm=True, has_values=True)),
    )
    counted = {
        Status.RED.value: red,
        Status.AMBER.value: len(by_release) - red,
        Status.GREEN.value: watched["green"],
        Status.WAITING.value: watched["calm"] - watched["green"],
    }
    return Figures(counted, watched["metrics"], opened.filter(kind="silent").count())


def counts(user: User) -> dict[str, int]:
    """How many breaches lie open, by level; one statement."""
    opened: models.QuerySet[Breach] = visible_breaches(user).exclude(state="closed")
    rows = opened.order_by().values("level").annotate(many=Count("pk"))
    return dict(rows.values_list("level", "many"))


def newest_points(metrics: Iterable[Metric], most: int = 30) -> dict[uuid.UUID, list[Point]]:
    """The last values of each metric as a whole, the newest last: a small picture in a list."""
    keys = [row.pk for row in metrics]
    found: dict[uuid.UUID, list[Point]] = {key: [] for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.metric_id, o.at, o.value, o.verdict FROM unnest(%s::uuid[]) t(m)"
            " CROSS JOIN LATERAL (SELECT DISTINCT ON (at) * FROM governance_observation o"
            "  WHERE o.metric_id = t.m AND o.segment = '' ORDER BY at DESC, revision DESC LIMIT %s"
            " ) o ORDER BY o.at",
            [keys, most],
        )
        for metric_id, at, value, verdict in cursor.fetchall():
            found[metric_id].append(Point(at, value, Verdict(verdict)))
    return found
