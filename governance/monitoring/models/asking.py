"""Queries of Prometheus that fill metrics."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.monitoring.models.metrics import METRIC_STATES, Metric
from registry.core.ledger.guards import follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import User


class MetricQuery(Governed):
    """A query of Prometheus that fills a metric by itself.

    segment_label: the label of the answer that names the segment, if there are any; failed_at and
    error: since when, and why, it could not be read.
    """

    metric = models.ForeignKey(Metric, models.PROTECT, related_name="queries")
    query = models.CharField(_("query"), max_length=2_000)
    segment_label = models.CharField(_("label of the segment"), max_length=60, blank=True)
    every_minutes = models.PositiveIntegerField(_("every (minutes)"))
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    state = models.CharField(
        _("state"), max_length=6, choices=[("open", _("open")), ("closed", _("closed"))],
        default="open",
    )  # fmt: skip

    class Meta:
        verbose_name = _("query that fills a metric")
        verbose_name_plural = _("queries that fill metrics")
        ordering = ("id",)
        triggers = (
            *guarded("governance.metricquery", immutable=("metric_id", "query", "opened_by_id")),
            follows(METRIC_STATES),
        )
        constraints = (
            models.CheckConstraint(
                name="a_query_is_asked_at_most_once_a_minute", condition=Q(every_minutes__gte=1)
            ),
        )

    def __str__(self) -> str:
        return self.query[:80]


class QueryRun(models.Model):
    """When a query is asked next, and how it went. Operational."""

    query = models.OneToOneField(MetricQuery, models.PROTECT, primary_key=True, related_name="run")
    next_at = models.DateTimeField(_("next at"))
    read_at = models.DateTimeField(_("read at"), null=True)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("run of a query")
        verbose_name_plural = _("runs of queries")

    def __str__(self) -> str:
        return str(self.query_id)
