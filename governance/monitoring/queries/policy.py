"""What the policy says of metrics, and which limits hold for one: its own, else the policy's."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from governance.monitoring.models import Metric, Threshold
from governance.monitoring.rules import Limits
from governance.monitoring.schema import MetricSpec, MonitoringSection
from registry.classification import queries as classification
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.core.policy.rules import Outcome, Readings
from registry.releases.models import Release


def section_of(pack: PackRelease) -> MonitoringSection:
    """The pack's section on monitoring; a pack from before there was one has none."""
    found = policy.section(pack, "monitoring")
    assert isinstance(found, MonitoringSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def active_section() -> MonitoringSection:
    """Of the pack in force."""
    return section_of(policy.active_pack())


def spec_of(metric: Metric) -> MetricSpec | None:
    """What the policy in force says of the metric; nothing of one that is the release's own."""
    return None if metric.name_zh else active_section().metric(metric.key)


def metric_named(metric: Metric, spec: MetricSpec | None) -> tuple[str, str]:
    """The metric in Chinese and in English."""
    if metric.name_zh:
        return metric.name_zh, metric.name_en
    return (spec.label.zh, spec.label.en) if spec else (metric.key, metric.key)


def every_days(release: Release, section: MonitoringSection) -> dict[str, int]:
    """How often values of which metrics are expected of the release, once it is live.

    A condition that cannot be decided counts as fulfilled: rather a question too many.
    """
    place = release.model_use.tier
    grade = classification.in_force(release.model_use)
    readings = Readings(classification.readings(release.model_use, grade))
    found = {}
    for one in section.metrics:
        if place not in one.every_days:
            continue
        fails = one.when is not None and one.when.compiled.evaluate(readings) is Outcome.FAIL
        if not fails:
            found[one.key] = one.every_days[place]
    return found


@dataclass(frozen=True)
class Holding:
    """The limits that hold for a segment. threshold: None where they are the policy's."""

    limits: Limits | None
    threshold: Threshold | None


def limits_of(
    metrics: Iterable[Metric], section: MonitoringSection
) -> dict[tuple[uuid.UUID, str], Holding]:
    """(metric, segment) → what holds; the segment "" stands for all without own limits.

    One statement for the thresholds, however many metrics.
    """
    rows = list(metrics)
    found: dict[tuple[uuid.UUID, str], Holding] = {}
    for row in rows:
        spec = None if row.name_zh else section.metric(row.key)
        found[row.pk, ""] = Holding(spec.limits if spec and spec.has_limits else None, None)
    newest = (
        Threshold.objects.filter(metric__in=[row.pk for row in rows])
        .order_by("metric_id", "segment", "-number")
        .distinct("metric_id", "segment")
    )
    for one in newest:
        found[one.metric_id, one.segment] = Holding(one.limits, one)
    return found
