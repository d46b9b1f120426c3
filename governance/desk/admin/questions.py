"""The pack's questions as form fields, and the answers as the services take them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm
from governance.desk.admin.pages import said
from registry.classification import queries
from registry.classification.queries import Inputs
from registry.classification.rules.answering import NOT_ASSESSED
from registry.classification.schema import ClassificationSection, Question
from registry.classification.schema.grading import Factor
from registry.core.errors import DomainError
from registry.core.web.wording import whole_text


class QuestionsForm(DeskForm):
    """A form that asks the questions of the given stages."""

    def __init__(
        self,
        *args: Any,
        section: ClassificationSection,
        stages: tuple[str, ...],
        **kwargs: Any,
    ) -> None:
        self.section = section
        asked = section.questionnaire.questions
        self.questions = [one for one in asked if one.stage in stages]
        super().__init__(*args, **kwargs)
        for question in self.questions:
            self.fields[question.key] = field_of(section, question)
        suggested = {one.factor for one in section.grading.prefill}
        self.factors = [one for one in section.grading.factors if one.key in suggested]
        for factor in self.factors:
            self.fields[f"reason_{factor.key}"] = _reason_field(factor)
        self.dress()

    def inputs(self) -> Inputs:
        """The answers and the reasons, as the services take them."""
        data = getattr(self, "cleaned_data", {})
        reasons = {one.key: data.get(f"reason_{one.key}", "") for one in self.factors}
        return Inputs(answers=self.answers(), reasons=reasons)

    def reasons(self) -> list[Any]:
        """The fields of the reasons."""
        return [self[f"reason_{one.key}"] for one in self.factors]

    def departures(self) -> list[str]:
        """The factors whose answers depart from what the facts suggest."""
        try:
            return queries.preview(self.inputs()).departures
        except DomainError:
            return []

    def refuse(self, refusal: DomainError) -> None:
        """The refusal stands at its field; each further departure without a reason is marked."""
        field = refusal.field.replace("reasons.", "reason_")
        self.add_error(field if field in self.fields else None, whole_text(refusal))
        if refusal.code != "departure_needs_reason":
            return
        for key in self.departures():
            name = f"reason_{key}"
            if name != field and not self.cleaned_data.get(name, "").strip():
                self.add_error(name, _("This departs from what the facts suggest: say why."))

    def answers(self) -> dict[str, Any]:
        """What was answered, question by question; a factor's level is a number."""
        data = getattr(self, "cleaned_data", {})
        weights = self.section.weights
        found = {}
        for one in self.questions:
            value = data.get(one.key)
            if not value:
                continue
            is_level = not one.answers and one.fills[0] in weights and value != NOT_ASSESSED
            found[one.key] = [int(value)] if is_level else value
        return found

    @property
    def answered(self) -> int:
        """How many of the questions that registration asks have a real answer."""
        told = self.answers()
        asked = [one.key for one in self.questions if one.stage == "registration"]
        return sum(told.get(key, NOT_ASSESSED) != NOT_ASSESSED for key in asked)

    def asked(self, stage: str) -> list[Any]:
        """The fields of the stage's questions."""
        return [self[one.key] for one in self.questions if one.stage == stage]


def _reason_field(factor: Factor) -> forms.CharField:
    named = f"{factor.key} {said(factor.label.model_dump())}"
    label = gettext("%(factor)s: reason for a departure") % {"factor": named}
    return forms.CharField(label=label, required=False)


def field_of(section: ClassificationSection, question: Question) -> forms.Field:
    choices = [(code, said(label)) for code, label in _answers(section, question)]
    label, help_text = said(question.text.model_dump()), said(question.help.model_dump())
    if question.multiple:
        return forms.MultipleChoiceField(
            label=label, help_text=help_text, choices=choices, required=False,
            widget=forms.CheckboxSelectMultiple,
        )  # fmt: skip
    unsure = (NOT_ASSESSED, said(section.questionnaire.not_assessed.model_dump()))
    return forms.ChoiceField(
        label=label, help_text=help_text, choices=[*choices, unsure], required=False,
        initial=NOT_ASSESSED, widget=forms.RadioSelect,
    )  # fmt: skip


def _answers(
    section: ClassificationSection, question: Question
) -> list[tuple[str, dict[str, str]]]:
    """The question's own answers, or the codes of the one thing it fills."""
    if question.answers:
        return [(one.code, one.label.model_dump()) for one in question.answers]
    target = question.fills[0]
    for dimension in section.classification.dimensions:
        if dimension.key == target:
            return [(code, label.model_dump()) for code, label in dimension.codes.items()]
    fact = section.facts.get(target)
    if fact is not None and fact.codes:
        return [(code, label.model_dump()) for code, label in fact.codes.items()]
    if fact is not None:
        return [("yes", {"zh": "是", "en": "Yes"}), ("no", {"zh": "否", "en": "No"})]
    factor = next(one for one in section.grading.factors if one.key == target)
    return [(str(level), label.model_dump()) for level, label in enumerate(factor.levels)]
