"""`questionnaire.yaml`: the questions people are asked in plain language, stage by stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from registry.classification.schema.grading import Level
from registry.core.policy.schema import Key, Label, PolicyModel

Stage = Literal["registration", "S0", "S1", "S2", "S3", "S4", "S5", "S6"]


class Answer(PolicyModel):
    """One answer of a question and what it says: dimension codes, fact values, factor levels."""

    code: Key
    label: Label
    sets: dict[Key, bool | Level | Key | tuple[Key, ...]]


class Question(PolicyModel):
    """A plain-language question. Its answers are its own, or the codes of a dimension or fact.

    `not_assessed` may always be answered: nothing is set, and the grade stays provisional.
    """

    key: Annotated[str, StringConstraints(pattern=r"^Q[0-9]{2}$")]
    stage: Stage
    text: Label
    help: Label
    multiple: bool = False
    fills: Annotated[tuple[Key, ...], Field(min_length=1)]
    answers: tuple[Answer, ...] = ()

    @model_validator(mode="after")
    def _answers_fit(self) -> Question:
        if not self.answers and len(self.fills) != 1:
            raise ValueError("a question without answers of its own fills exactly one target")
        said = {target for answer in self.answers for target in answer.sets}
        if self.answers and said != set(self.fills):
            raise ValueError("fills lists exactly what the answers set")
        return self


class QuestionnaireFile(PolicyModel):
    """`questionnaire.yaml`."""

    not_assessed: Label
    questions: tuple[Question, ...]
