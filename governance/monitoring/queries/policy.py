"""What the policy says of metrics, and which limits hold for one: its own, else the policy's."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from governance.monitoring.models import Metric, Threshold
from governance.monitoring.rules import Effect, Limits
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
    """What the policy in force says of the metric; nothing of one that is the release's own.

    A key that the policy has is the policy's, whoever has used it before.
    """
    return active_section().metric(metric.key)


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
    """The limits that hold for a segment: all of them, and the gravest verdict counts.

    A segment's own limits stand in for those of all segments, and a release's own for the
    policy's, as long as they are the newer ones: what is tightened later counts beside them.
    threshold: the narrowest of them that somebody set.
    """

    sets: tuple[Limits, ...] = ()
    threshold: Threshold | None = None

    @property
    def limits(self) -> Limits | None:
        """The narrowest of them, if there are any."""
        return self.sets[0] if self.sets else None

    @property
    def consecutive(self) -> int:
        """How many values one after another lie beyond before it counts."""
        return min((one.consecutive for one in self.sets), default=1)

    @property
    def effects(self) -> frozenset[Effect]:
        """What a breach at the level of action does by itself."""
        return frozenset().union(*(one.effects for one in self.sets))


Holdings = dict[tuple[uuid.UUID, str], Holding]


def limits_of(metrics: Iterable[Metric], pack: PackRelease) -> Holdings:
    """(metric, segment) → what holds; the segment "" stands for all without own limits.

    One statement for the thresholds, however many metrics.
    """
    rows, section = list(metrics), section_of(pack)
    newest = (
        Threshold.objects.filter(metric__in=[row.pk for row in rows])
        .order_by("metric_id", "segment", "-number")
        .distinct("metric_id", "segment")
    )
    own: dict[uuid.UUID, dict[str, Threshold]] = {row.pk: {} for row in rows}
    for one in newest:
        own[one.metric_id][one.segment] = one
    found: Holdings = {}
    for row in rows:
        spec = section.metric(row.key)
        told = spec.limits if spec and spec.has_limits else None
        since = pack.effective_from
        whole = _over(own[row.pk].get(""), Holding((told,) if told else ()), since)
        found[row.pk, ""] = whole
        for segment, threshold in own[row.pk].items():
            if segment:
                of_all = own[row.pk].get("")
                found[row.pk, segment] = _over(threshold, whole, of_all.set_at if of_all else since)
    return found


def _over(own: Threshold | None, wider: Holding, since: dt.datetime | None) -> Holding:
    """What holds where somebody has set limits, over those that are wider and hold since then."""
    if own is None:
        return wider
    newer = wider.sets if since is not None and since >= own.set_at else ()
    return Holding((own.limits, *newer), own)


def holding_of(holdings: Holdings, metric_id: uuid.UUID, segment: str) -> Holding:
    """The segment's own, else that of all segments."""
    return holdings.get((metric_id, segment)) or holdings[metric_id, ""]
