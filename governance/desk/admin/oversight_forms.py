"""The forms about intervention plans, cases and competence."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.checkpoints import queries
from governance.checkpoints.models import Plan
from governance.checkpoints.models.cases import Outcome
from governance.desk.admin.fields import DeskForm, choice, day, text
from governance.desk.admin.pages import said
from registry.core.people.models import LegalEntity
from registry.core.people.queries import root_entity

# What somebody who has never written a plan begins with; the limits come from the policy.
EXAMPLE = """fields:
  - {name: score, type: number, required: true}
  - {name: amount, type: number, required: true}
  - {name: channel, type: text}
checkpoints:
  - key: grey_zone
    point: RI-01
    label: {zh: 临界分数复核, en: Score near the cut-off}
    trigger: {all: ["score >= 0.48", "score <= 0.52"]}
    roles: [reviewer]
    competence: credit_review
    authority: {field: amount, above: 200000}
  - key: refusal
    point: RI-02
    label: {zh: 拒绝须人工确认, en: Refusals are confirmed}
    trigger: {any: ["output == 'refuse'"]}
    roles: [reviewer]
    competence: credit_review
    min_seconds: 10
    legal_days: 15
trips:
  - {key: refusals, label: {zh: 拒绝率异常, en: Too many refusals}, output: refuse, above_percent: 60, window_minutes: 10, least: 100}
"""  # noqa: E501 (one line of a plan)
VALUES: dict[str, Any] = {"number": 0.5, "text": "app", "yes_no": True}


class Code(forms.Textarea):
    """Text in which every blank counts."""

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        """The theme's clothes, and letters of one width."""
        found = super().build_attrs(base_attrs, extra_attrs)
        return found | {"class": f"{found.get('class', '')} code"}


class PlanForm(DeskForm):
    """Draw a plan up: the declared fields, the checkpoints, the trips."""

    content = forms.CharField(
        label=_("intervention plan"),
        widget=Code(attrs={"rows": 26, "spellcheck": "false"}),
        help_text=_("YAML. A trigger is CEL over the declared fields, output and confidence; what"
                    " it cannot decide waits for a person."),
        strip=False,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = Plan.objects.filter(release=self.subject).order_by("-drafted_at").first()
        self.initial.setdefault("content", latest.content if latest else EXAMPLE)


class SampleForm(DeskForm):
    """A gateway's sample, to see what would be answered."""

    decisions = forms.CharField(
        label=_("decisions"),
        widget=Code(attrs={"rows": 16, "spellcheck": "false"}),
        help_text=_("JSON, as the gateway posts it. Nothing of it is kept."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields = {one.name: VALUES[one.type] for one in self.subject.told.fields}
        sample = {"release": self.subject.release.code, "reference": "TEST-1", "output": "approve",
                  "confidence": 0.9, "fields": fields}  # fmt: skip
        told = json.dumps({"decisions": [sample]}, ensure_ascii=False, indent=2)
        self.initial.setdefault("decisions", told)


class DecideForm(DeskForm):
    """What the reviewer makes of the model's output."""

    outcome = forms.ChoiceField(
        label=_("outcome"), choices=Outcome.choices, widget=forms.RadioSelect
    )
    reason_code = choice(_("reason"), [])
    final_output = forms.CharField(
        label=_("what applies instead"), max_length=200, required=False,
        help_text=_("Only where the output is overridden."),
    )  # fmt: skip
    note = text(_("note"), required=False, rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [
            (str(label), [(one.key, said(one.label.model_dump()))
                          for one in queries.active_section().codes_for(value)])
            for value, label in Outcome.choices
        ]  # fmt: skip
        self.fields["reason_code"].choices = [("", _("Please choose")), *groups]  # type: ignore[attr-defined]  # ChoiceField


class ViewForm(DeskForm):
    """What the reviewer would decide, before the model's output is shown."""

    view = forms.CharField(
        label=_("What would you decide?"), max_length=200,
        help_text=_("What the model says is shown afterwards."),
    )  # fmt: skip


class QuestionForm(DeskForm):
    """What the reviewer asks of the business."""

    question = text(_("question"), least=2)


class ReplyForm(DeskForm):
    """What the business answers."""

    text = text(_("reply"), least=2)


class EscalateForm(DeskForm):
    """Why somebody else decides."""

    note = text(_("reason"), least=2)


class CompetenceForm(DeskForm):
    """Record what a reviewer was trained for."""

    key = choice(_("competence"), [])
    entity = forms.ModelChoiceField(
        label=_("legal entity"), queryset=LegalEntity.objects.all(),
        help_text=_("The cases of the entity, and of all below it."),
    )  # fmt: skip
    valid_to = day(_("to"))
    daily_limit = forms.IntegerField(
        label=_("cases a day"), min_value=1, max_value=1_000, initial=60
    )
    proof = forms.CharField(label=_("training record"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = queries.active_section().competences
        told = [(key, said(label.model_dump())) for key, label in known.items()]
        self.fields["key"].choices = [("", _("Please choose")), *told]  # type: ignore[attr-defined]  # ChoiceField
        self.initial.setdefault("entity", root_entity())


class EndCompetenceForm(DeskForm):
    """Why the reviewer decides no such cases any more."""

    reason = text(_("reason"), least=2)


def tested_in_words(found: list[Any]) -> str:
    """What a sample was answered, in one line."""
    told = ", ".join(f"{one.answer.value} ({', '.join(one.fired)})" if one.fired
                     else str(one.answer.value) for one in found)  # fmt: skip
    return gettext("The sample fits the plan. Answers: %(told)s") % {"told": told}
