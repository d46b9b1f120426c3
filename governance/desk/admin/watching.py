"""The pages of monitoring: how everything stands, one metric, the block on a release's story."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.desk.admin.clocks import left_in_words
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.desk.rules import charts
from governance.monitoring import queries
from governance.monitoring.models import (
    BoundChoice,
    Breach,
    EffectChoice,
    Level,
    Metric,
    Threshold,
)
from governance.monitoring.queries import Status
from governance.monitoring.queries.policy import Holding, holding_of
from governance.monitoring.rules import BASED, Bound, Limits
from registry.core import clock
from registry.core.adminkit import named
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse
from registry.core.policy import queries as policy
from registry.releases.models import Release

ON_PAGE = 100
SHOWN_VALUES = 60
MOST_POINTS = 1_000
SPANS = (30, 90, 366)
STATUSES = {
    Status.NONE: gettext_lazy("nothing is watched"),
    Status.WAITING: gettext_lazy("no values yet"),
    Status.GREEN: gettext_lazy("in order"),
    Status.AMBER: gettext_lazy("warning"),
    Status.RED: gettext_lazy("action needed"),
}


@page
def monitoring(request: PersonRequest) -> HttpResponse:
    """How everything that is live stands, and what people have to deal with."""
    user = request.user
    rows = queries.visible_breaches(user).exclude(state="closed")
    figures = queries.figures(user)
    parts: list[dict[str, Any]] = [
        {"status": one.value, "label": STATUSES[one], "count": figures.releases[one.value]}
        for one in (Status.RED, Status.AMBER, Status.GREEN, Status.WAITING)
    ]
    total = sum(one["count"] for one in parts)
    start = 0.0
    for one in parts:
        one["x"], one["width"] = start, 100 * one["count"] / total if total else 0.0
        start += one["width"]
    context = {
        "breaches": breaches_in_words(_whole(rows).order_by("due_at", "pk")[:ON_PAGE]),
        "parts": parts,
        "total": total,
        "figures": figures,
        "verbs": offered(user, "take-up-breach", "close-breach"),
    }
    return show(request, "monitoring", _("Monitoring"), context)


def _whole(rows: Any) -> Any:  # Any: a queryset of breaches
    return rows.select_related(
        "metric", "release__model_use__model", "release__model_use__use_case", "taken_up_by",
        "closed_by",
    )  # fmt: skip


@page
def metric(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """A metric over time, with its limits and breaches."""
    user = request.user
    row = get_or_refuse(
        queries.visible_to(user).select_related(
            "release__model_use__model", "release__model_use__use_case"
        ),
        pk,
    )
    segments = queries.segments(row)
    segment, days = _asked(request, segments)
    until = clock.now() + dt.timedelta(days=1)
    points = queries.points(row, segment, until - dt.timedelta(days=days), until, MOST_POINTS)
    holding = holding_of(queries.limits_of([row], policy.active_pack()), row.pk, segment)
    shown = [charts.Value(one.at, one.value, one.verdict.value) for one in points]
    lines = [line for one in holding.sets for line in _lines(one)]
    drawn = [charts.draw(shown, lines, box) for box in (charts.WIDE, charts.NARROW)]
    breaches = _whole(queries.visible_breaches(user).filter(metric=row))
    context = {
        "metric": row,
        "name": name_of_metric(row),
        "model_name": named(row.release.model_use.model),
        "sources": spec.sources if (spec := queries.spec_of(row)) else (),
        "segments": segments,
        "segment": segment,
        "spans": SPANS,
        "days": days,
        "charts": [one for one in drawn if one is not None],
        "values": _values(points[::-1][:SHOWN_VALUES]),
        "limits": _limits_in_words(holding),
        "thresholds": _history(row, segment),
        "breaches": breaches_in_words(breaches.order_by("-opened_at")[:20]),
        "queries": row.queries.filter(state="open").select_related("run"),
        "verbs": offered(user, *_verbs(row)),
        "breach_verbs": offered(user, "take-up-breach", "close-breach"),
        "query_verbs": offered(user, "close-query"),
    }
    return show(request, "metric", name_of_metric(row), context)


def _asked(request: PersonRequest, segments: list[str]) -> tuple[str, int]:
    """Which segment, and how many days back."""
    segment = request.GET.get("segment", "")
    if segment not in segments:
        segment = segments[0] if segments else ""
    days = next((one for one in SPANS if str(one) == request.GET.get("days")), SPANS[1])
    return segment, days


def _verbs(row: Metric) -> tuple[str, ...]:
    if row.state != "open":
        return ("reopen-metric",)
    return "set-limits", "fill-from-prometheus", "close-metric"


def _values(points: Any) -> list[dict[str, Any]]:
    return [
        {
            "at": one.at, "value": charts.plain(one.value), "level": one.verdict.value,
            "label": Level(one.verdict.value).label, "count": one.count, "revision": one.revision,
        }
        for one in points
    ]  # fmt: skip


def _lines(limits: Limits) -> list[charts.Line]:
    """The limits as heights of the picture; a spike has none, as it moves with the values."""
    if limits.bound is Bound.SPIKE:
        return []
    if limits.bound in BASED:
        return _around_baseline(limits)
    told = (
        (limits.warn_low, "warn"), (limits.warn_high, "warn"), (limits.act_low, "act"),
        (limits.act_high, "act"),
    )  # fmt: skip
    return [charts.Line(value, kind) for value, kind in told if value is not None]


def _around_baseline(limits: Limits) -> list[charts.Line]:
    base = limits.baseline
    if base is None:
        return []
    found = [charts.Line(base, "base")]
    for distance, kind in ((limits.warn_high, "warn"), (limits.act_high, "act")):
        if distance is None:
            continue
        found.append(charts.Line(base - distance, kind))
        if limits.bound is Bound.SHIFT:
            found.append(charts.Line(base + distance, kind))
    return found


def _limits_in_words(holding: Holding) -> dict[str, Any]:
    """What holds now, and where it comes from."""
    limits = holding.limits
    if limits is None:
        return {}
    return {
        "kind": BoundChoice(limits.bound.value).label,
        "rows": _numbers(limits),
        "needs_baseline": limits.bound in BASED and limits.baseline is None,
        "consecutive": holding.consecutive,
        "effects": [EffectChoice(one.value).label for one in sorted(holding.effects)],
        "has_wider": len(holding.sets) > 1,
        "threshold": holding.threshold,
    }


def _numbers(limits: Limits) -> list[tuple[str, str]]:
    rows = (
        (_("warning below"), limits.warn_low), (_("warning above"), limits.warn_high),
        (_("action below"), limits.act_low), (_("action above"), limits.act_high),
        (_("baseline"), limits.baseline),
    )  # fmt: skip
    return [(label, charts.plain(value)) for label, value in rows if value is not None]


def _history(metric: Metric, segment: str) -> list[Threshold]:
    """The limits that people have set, each with its figures and how it compares."""
    found = list(metric.thresholds.filter(segment=segment).select_related("set_by")[:20])
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        told.numbers = _numbers(row.limits)
        told.is_first = row.number == 1 and set(row.loosens) <= {"baseline"}
    return found


def name_of_metric(row: Metric) -> str:
    """The metric in the language of the page."""
    zh, en = queries.metric_named(row, queries.spec_of(row))
    return said({"zh": zh, "en": en})


def breaches_in_words(rows: Any) -> list[Breach]:
    """The breaches, each with its metric's name and how long there still is."""
    found: list[Breach] = list(rows)
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        told.metric_name = name_of_metric(row.metric)
        told.model_name = named(row.release.model_use.model)
        told.value_shown = "" if row.value is None else charts.plain(row.value)
        told.is_late = row.state != "closed" and row.due_at < clock.now() and not row.recovered_at
        told.left = left_in_words((row.due_at - clock.now()).total_seconds())
    return found


def of_release(user: User, release: Release) -> dict[str, Any]:
    """What the release's story shows: each metric with its last values, and what is open."""
    rows = list(Metric.objects.filter(release=release, state="open").order_by("key"))
    lines = queries.newest_points(rows)
    readings = _worst(rows)
    for row in rows:
        told: Any = row  # Any: attributes for the template alone
        points = lines[row.pk]
        told.name_shown = name_of_metric(row)
        told.spark = charts.spark([one.value for one in points])
        told.last = charts.plain(points[-1].value) if points else ""
        told.last_at = points[-1].at if points else None
        told.level = readings.get(row.pk, "")
        told.level_label = Level(told.level).label if told.level else ""
    opened = queries.visible_breaches(user).filter(release=release).exclude(state="closed")
    status = queries.status_of([release])[release.pk]
    return {
        "metrics": rows,
        "metric_verbs": offered(user, "add-metric"),
        "monitoring_status": status.value,
        "monitoring_label": STATUSES[status],
        "open_breaches": breaches_in_words(_whole(opened).order_by("due_at")[:10]),
    }


def _worst(rows: list[Metric]) -> dict[uuid.UUID, str]:
    """The gravest level among a metric's segments."""
    found: dict[uuid.UUID, str] = {}
    rank = {Level.ACT: 3, Level.WARN: 2, Level.OK: 1, Level.UNJUDGED: 0}
    for metric_id, level in (
        Metric.objects.filter(pk__in=[row.pk for row in rows])
        .exclude(readings__at=None).values_list("pk", "readings__level")
    ):  # fmt: skip
        worst = found.get(metric_id)
        if worst is None or rank[Level(level)] > rank[Level(worst)]:
            found[metric_id] = level
    return found
