"""The forms about metrics, their limits and breaches."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, choice, text
from governance.monitoring import queries
from governance.monitoring.models import BoundChoice, ComputedChoice, EffectChoice, Outcome
from registry.core.policy import queries as policy

_FIGURES = ("warn_low", "warn_high", "act_low", "act_high", "baseline")


class MetricForm(DeskForm):
    """A metric of the release's own."""

    key = forms.CharField(
        label=_("key"), max_length=60, help_text=_("By it pipelines report: a–z, 0–9 and _.")
    )
    name_zh = forms.CharField(label=_("Chinese name"), max_length=100)
    name_en = forms.CharField(label=_("English name"), max_length=100)
    computes = forms.ChoiceField(
        label=_("computed from bins"), required=False,
        choices=[("", _("no: values are sent")), *ComputedChoice.choices],
    )  # fmt: skip
    every_days = forms.IntegerField(
        label=_("expected every (days)"), min_value=1, max_value=400, required=False,
        help_text=_("Leave empty where silence is no alarm."),
    )  # fmt: skip


def _figure(label: Any) -> forms.FloatField:
    return forms.FloatField(label=label, required=False, widget=forms.NumberInput({"step": "any"}))


class LimitsForm(DeskForm):
    """Where warning and action begin."""

    segment = forms.CharField(
        label=_("segment"), max_length=100, required=False,
        help_text=_("Leave empty for all that have none of their own."),
    )  # fmt: skip
    bound = choice(_("kind of limit"), BoundChoice.choices)
    warn_low = _figure(_("warning below"))
    warn_high = _figure(_("warning above"))
    act_low = _figure(_("action below"))
    act_high = _figure(_("action above"))
    baseline = _figure(_("baseline"))
    consecutive = forms.IntegerField(
        label=_("values in a row"), min_value=1, max_value=30, initial=1
    )
    effects = forms.MultipleChoiceField(
        label=_("at the level of action"), choices=EffectChoice.choices, required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Restricting and stopping happen by themselves, without asking anybody."),
    )  # fmt: skip
    reason = text(_("reason"), least=6)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is None or self.is_bound:
            return
        holdings = queries.limits_of([self.subject], policy.active_pack())
        limits = holdings[self.subject.pk, ""].limits
        if limits is not None:
            told: dict[str, Any] = {name: getattr(limits, name) for name in _FIGURES}
            told |= {"bound": limits.bound.value, "consecutive": limits.consecutive}
            told |= {"effects": [one.value for one in limits.effects]}
            self.initial = told | dict(self.initial)


class ReasonForm(DeskForm):
    """Why."""

    reason = text(_("reason"), least=6)


class QueryForm(DeskForm):
    """A query of Prometheus."""

    query = text(_("query"), least=1)
    every_minutes = forms.IntegerField(label=_("every (minutes)"), min_value=1, initial=1_440)
    segment_label = forms.CharField(
        label=_("label of the segment"), max_length=60, required=False,
        help_text=_("Leave empty where the query gives one value."),
    )  # fmt: skip


class TakeUpForm(DeskForm):
    """What is done about it."""

    plan = text(_("what is done about it"), least=6)


class CloseForm(DeskForm):
    """What became of it."""

    outcome = choice(_("outcome"), [one for one in Outcome.choices if one[0] != Outcome.BY_ITSELF])
    note = text(_("note"), least=6)
    accepted_until = forms.DateField(
        label=_("accepted until"), required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text=_("Only for what is accepted for a time; the second line accepts."),
    )  # fmt: skip
