"""The verbs about metrics, their limits and breaches."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import forms, watching_forms
from governance.desk.admin.verbs.base import Verb
from governance.monitoring import queries
from governance.monitoring import services as monitoring
from governance.monitoring.services import NewLimits, NewMetric
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.releases import queries as releases


def _releases(user: User) -> QuerySet[Any]:
    return releases.whole(releases.visible_to(user))


def _metrics(user: User) -> QuerySet[Any]:
    return queries.visible_to(user).select_related("release__model_use__model")


def _breaches(user: User) -> QuerySet[Any]:
    return queries.visible_breaches(user).select_related("metric", "release__model_use__model")


def _queries(user: User) -> QuerySet[Any]:
    return queries.visible_queries(user).select_related("metric__release__model_use__model")


def _of_metric(subject: Any) -> str:
    return f"/metrics/{subject.metric_id}/"


def _limits(user: User, subject: Any, data: dict[str, Any]) -> object:
    told = NewLimits(**data | {"effects": tuple(data["effects"])})
    return monitoring.set_limits(actor=user, metric_id=subject.pk, told=told)


WATCHING_VERBS: dict[str, Verb] = {
    "add-metric": Verb(
        _("Add a metric"), Capability.SET_LIMITS, _releases, watching_forms.MetricForm,
        lambda user, subject, data: monitoring.add_metric(
            actor=user, release_id=subject.pk, told=NewMetric(**data)
        ),
        lambda subject: str(subject.get_absolute_url()),
        explanation=_("The policy's metrics begin by themselves, with their first value."),
        forward=lambda made: str(made.get_absolute_url()),
    ),
    "set-limits": Verb(
        _("Set limits"), Capability.SET_LIMITS, _metrics, watching_forms.LimitsForm, _limits,
        lambda subject: str(subject.get_absolute_url()),
        explanation=_(
            "They hold from the next value on. Owners may tighten limits; only the second line"
            " loosens them."
        ),
    ),
    "close-metric": Verb(
        _("Watch no longer"), Capability.SET_LIMITS, _metrics, watching_forms.ReasonForm,
        lambda user, subject, data: monitoring.close_metric(
            actor=user, metric_id=subject.pk, **data
        ),
        lambda subject: str(subject.get_absolute_url()), is_danger=True,
    ),
    "reopen-metric": Verb(
        _("Watch again"), Capability.SET_LIMITS, _metrics, forms.NothingForm,
        lambda user, subject, data: monitoring.reopen_metric(actor=user, metric_id=subject.pk),
        lambda subject: str(subject.get_absolute_url()),
    ),
    "fill-from-prometheus": Verb(
        _("Fill from Prometheus"), Capability.SET_LIMITS, _metrics, watching_forms.QueryForm,
        lambda user, subject, data: monitoring.open_query(
            actor=user, metric_id=subject.pk, **data
        ),
        lambda subject: str(subject.get_absolute_url()),
    ),
    "close-query": Verb(
        _("Ask no longer"), Capability.SET_LIMITS, _queries, forms.NothingForm,
        lambda user, subject, data: monitoring.close_query(actor=user, query_id=subject.pk),
        _of_metric,
    ),
    "take-up-breach": Verb(
        _("Take up"), Capability.ANSWER_BREACH, _breaches, watching_forms.TakeUpForm,
        lambda user, subject, data: monitoring.take_up(actor=user, breach_id=subject.pk, **data),
        _of_metric,
    ),
    "close-breach": Verb(
        _("Close"), Capability.ANSWER_BREACH, _breaches, watching_forms.CloseForm,
        lambda user, subject, data: monitoring.close(actor=user, breach_id=subject.pk, **data),
        _of_metric,
        explanation=_(
            "What called for action, and what is accepted, is closed by the second line alone."
        ),
    ),
}  # fmt: skip
