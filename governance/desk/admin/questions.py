"""The pack's questions as form fields, and the answers as the services take them."""

from __future__ import annotations

from typing import Any

from django import forms

from governance.desk.admin.forms import DeskForm
from governance.desk.admin.pages import said
from registry.classification.rules.answering import NOT_ASSESSED
from registry.classification.schema import ClassificationSection, Question


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
        """How many questions have a real answer."""
        return sum(value != NOT_ASSESSED for value in self.answers().values())

    def asked(self, stage: str) -> list[Any]:
        """The fields of the stage's questions."""
        return [self[one.key] for one in self.questions if one.stage == stage]


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
