"""Metrics of releases, their limits, and what was observed.

Observations lie in partitions that are only inserted into and read; their table is made by SQL (the
migration), since Django knows no partitions.
"""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.monitoring import rules
from registry.core.ledger.guards import Guard, append_only, follows, guarded, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.core.policy.models import PackRelease
from registry.core.transitions import Transitions
from registry.releases.models import Release

METRIC_STATES = Transitions.table("state", "open", {"open": ["closed"], "closed": ["open"]})


class Level(models.TextChoices):
    """How a metric stands."""

    UNJUDGED = rules.Verdict.UNJUDGED.value, _("not judged")
    OK = rules.Verdict.OK.value, _("in order")
    WARN = rules.Verdict.WARN.value, _("warning")
    ACT = rules.Verdict.ACT.value, _("action needed")


class BoundChoice(models.TextChoices):
    """What a value is held against."""

    CEILING = rules.Bound.CEILING.value, _("ceiling")
    FLOOR = rules.Bound.FLOOR.value, _("floor")
    BAND = rules.Bound.BAND.value, _("band")
    DROP = rules.Bound.DROP.value, _("drop below the baseline")
    SHIFT = rules.Bound.SHIFT.value, _("shift from the baseline")
    SPIKE = rules.Bound.SPIKE.value, _("spike, in standard deviations")


class ComputedChoice(models.TextChoices):
    """What can be computed from bins."""

    PSI = rules.Computed.PSI.value, _("PSI")
    KS = rules.Computed.KS.value, _("KS")
    AUC = rules.Computed.AUC.value, _("AUC")
    RATE = rules.Computed.RATE.value, _("share")
    RATIO = rules.Computed.RATIO.value, _("ratio of groups")


class EffectChoice(models.TextChoices):
    """What a breach at the level of action does by itself."""

    FINDING = rules.Effect.FINDING.value, _("opens a finding")
    RESTRICT = rules.Effect.RESTRICT.value, _("restricts the use")
    STOP = rules.Effect.STOP.value, _("stops the release")


class Metric(Governed):
    """指标: one figure of one release, watched over time, as a whole or by segments.

    key: one of the policy's, or the release's own (then it has names). every_days: how often a
    value is expected, None where nothing is.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="metrics")
    key = models.CharField(_("key"), max_length=60)
    name_zh = models.CharField(_("Chinese name"), max_length=100, blank=True)
    name_en = models.CharField(_("English name"), max_length=100, blank=True)
    computes = models.CharField(
        _("computed from bins"), max_length=8, choices=ComputedChoice, blank=True
    )
    every_days = models.PositiveSmallIntegerField(_("expected every (days)"), null=True, blank=True)
    state = models.CharField(
        _("state"), max_length=6, choices=[("open", _("open")), ("closed", _("closed"))],
        default="open",
    )  # fmt: skip
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened at"))
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )

    class Meta:
        verbose_name = _("metric")
        verbose_name_plural = _("metrics")
        ordering = ("release", "key")
        triggers = (
            *guarded(
                "governance.metric",
                immutable=("release_id", "key", "opened_by_id", "opened_at"),
            ),
            follows(METRIC_STATES),
            Guard(
                name="metric_is_lawful",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                runs="mingce_metric_is_lawful()",
            ),
        )
        constraints = (
            models.UniqueConstraint(name="a_release_has_a_metric_once", fields=["release", "key"]),
            models.CheckConstraint(
                name="an_own_metric_has_both_names",
                condition=Q(name_zh="", name_en="") | (~Q(name_zh="") & ~Q(name_en="")),
            ),
        )

    def __str__(self) -> str:
        return self.key


class Threshold(Governed):
    """阈值: limits that somebody set for a metric, of a number each; they are never changed.

    segment: empty for all of them. Where a release has none of its own, the policy's limits hold.
    loosens: the fields by which it lets more pass than what held before; only the second line sets
    such limits.
    """

    metric = models.ForeignKey(Metric, models.PROTECT, related_name="thresholds")
    segment = models.CharField(_("segment"), max_length=100, blank=True)
    number = models.PositiveIntegerField(_("number"))
    bound = models.CharField(_("bound"), max_length=8, choices=BoundChoice)
    warn_low = models.FloatField(_("warning below"), null=True, blank=True)
    warn_high = models.FloatField(_("warning above"), null=True, blank=True)
    act_low = models.FloatField(_("action below"), null=True, blank=True)
    act_high = models.FloatField(_("action above"), null=True, blank=True)
    baseline = models.FloatField(_("baseline"), null=True, blank=True)
    consecutive = models.PositiveSmallIntegerField(_("values in a row"), default=1)
    effects = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    loosens = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    reason = models.TextField(_("reason"))
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("set by"))
    set_at = models.DateTimeField(_("set at"))

    class Meta:
        verbose_name = _("threshold")
        verbose_name_plural = _("thresholds")
        ordering = ("-number",)
        triggers = (
            *recorded("governance.threshold"),
            Guard.before_insert("threshold_is_lawful", "mingce_threshold_is_lawful()"),
        )
        constraints = (
            models.UniqueConstraint(
                name="thresholds_count_up", fields=["metric", "segment", "number"]
            ),
            models.CheckConstraint(
                name="a_threshold_limits_something",
                condition=Q(warn_low__isnull=False) | Q(warn_high__isnull=False)
                | Q(act_low__isnull=False) | Q(act_high__isnull=False),
            ),
            models.CheckConstraint(
                name="warning_comes_before_action",
                condition=(Q(act_high=None) | Q(warn_high=None) | Q(act_high__gte=F("warn_high")))
                & (Q(act_low=None) | Q(warn_low=None) | Q(act_low__lte=F("warn_low"))),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.metric_id} {self.number}"

    @property
    def limits(self) -> rules.Limits:
        """As the rulebook takes them."""
        return rules.Limits(
            rules.Bound(self.bound), self.warn_low, self.warn_high, self.act_low, self.act_high,
            self.baseline, self.consecutive, frozenset(rules.Effect(one) for one in self.effects),
        )  # fmt: skip


class MetricReport(Governed):
    """What was told at once: so many observations, under one digest in the ledger."""

    number = models.BigIntegerField(_("number"), unique=True)
    reported_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("reported by")
    )
    source = models.CharField(_("source"), max_length=20)
    size = models.PositiveIntegerField(_("observations"))
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("report of metrics")
        verbose_name_plural = _("reports of metrics")
        ordering = ("-received_at", "-id")
        triggers = recorded("governance.metricreport")

    def __str__(self) -> str:
        return str(self.number)


class Observation(models.Model):
    """观测: a value at a moment, judged by the limits of that time. A correction has a revision.

    inputs: the counts it was computed from, as they were told; threshold: None where the policy's
    limits held (`pack`).
    """

    pk = models.CompositePrimaryKey("metric_id", "segment", "at", "revision")
    metric = models.ForeignKey(Metric, models.DO_NOTHING, related_name="+", db_constraint=False)
    segment = models.CharField(_("segment"), max_length=100)
    at = models.DateTimeField(_("at"))
    revision = models.PositiveSmallIntegerField(_("revision"))
    value = models.FloatField(_("value"))
    count = models.BigIntegerField(_("observations"), null=True)
    inputs = models.TextField(blank=True)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Level)
    threshold = models.ForeignKey(
        Threshold, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    pack = models.ForeignKey(PackRelease, models.DO_NOTHING, related_name="+", db_constraint=False)
    report = models.ForeignKey(
        MetricReport, models.DO_NOTHING, to_field="number", related_name="+", db_constraint=False
    )
    place = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("observation")
        verbose_name_plural = _("observations")
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.metric_id} {self.at:%Y-%m-%d}"


class Reading(models.Model):
    """What a metric's segment last showed. Derived from the observations, for lists and sweeps.

    due_at: until when the next value is expected; None where nothing is.
    """

    metric = models.ForeignKey(Metric, models.PROTECT, related_name="readings")
    segment = models.CharField(_("segment"), max_length=100, blank=True)
    at = models.DateTimeField(_("at"), null=True)
    value = models.FloatField(_("value"), null=True)
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.UNJUDGED)
    due_at = models.DateTimeField(_("expected until"), null=True)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = (
            models.UniqueConstraint(name="one_reading_a_segment", fields=["metric", "segment"]),
        )
        indexes = (
            models.Index(fields=["due_at"], name="readings_expected"),
            models.Index(
                fields=["level"], name="readings_beyond", condition=Q(level__in=["warn", "act"])
            ),
        )

    def __str__(self) -> str:
        return f"{self.metric_id} {self.segment}"
