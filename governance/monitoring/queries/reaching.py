"""Whose metrics somebody may see, and who of the second line loosens limits and ends breaches."""

from __future__ import annotations

from django.db import models

from governance.monitoring.models import Breach, Metric, MetricQuery, Threshold
from registry.catalogue.queries import may_be_seen
from registry.core.people.models import User
from registry.core.people.rules import Role

SECOND = (
    Role.MODEL_RISK, Role.MODEL_RISK_HEAD, Role.CRO, Role.COMPLIANCE, Role.CONSUMER_PROTECTION
)  # fmt: skip


def visible_to(user: User) -> models.QuerySet[Metric]:
    """The metrics of the models that the person may see."""
    return Metric.objects.filter(may_be_seen(user, "release__model_use__model__"))


def visible_breaches(user: User) -> models.QuerySet[Breach]:
    """Their breaches."""
    return Breach.objects.filter(may_be_seen(user, "release__model_use__model__"))


def visible_thresholds(user: User) -> models.QuerySet[Threshold]:
    """Their thresholds."""
    return Threshold.objects.filter(may_be_seen(user, "metric__release__model_use__model__"))


def visible_queries(user: User) -> models.QuerySet[MetricQuery]:
    """The queries that fill them."""
    return MetricQuery.objects.filter(may_be_seen(user, "metric__release__model_use__model__"))
