"""From plain answers to codes: what the questionnaire's answers say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry.core.errors import DomainError

if TYPE_CHECKING:
    from registry.classification.schema import ClassificationSection, Question

NOT_ASSESSED = "not_assessed"


@dataclass
class Answered:
    """Codes, facts and levels that the answers set; several answers of a question add up."""

    vector: dict[str, Any] = field(default_factory=dict)  # Any: a code or several
    facts: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    factors: dict[str, int | None] = field(default_factory=dict)


def read_answers(
    section: ClassificationSection,
    answers: Mapping[str, Any],  # Any: JSON
) -> Answered:
    """What the answers say. Raises DomainError (`answer_invalid`) naming the question."""
    questions = {question.key: question for question in section.questionnaire.questions}
    found = Answered()
    for key, given in answers.items():
        if key not in questions:
            raise _invalid(key, "There is no question %(question)s.")
        codes = _codes(key, given)
        if len(codes) > 1 and not questions[key].multiple:
            raise _invalid(key, "Question %(question)s has one answer only.")
        if NOT_ASSESSED not in codes:
            for target, value in _said(questions[key], codes):
                _set(section, found, target, value)
    return found


def _said(question: Question, codes: Iterable[Any]) -> Iterable[tuple[str, Any]]:  # Any: JSON
    for code in codes:
        if not question.answers:
            yield question.fills[0], code
            continue
        answer = next((one for one in question.answers if one.code == code), None)
        if answer is None:
            message = "“%(given)s” is no answer to question %(question)s."
            raise _invalid(question.key, message, given=code)
        yield from answer.sets.items()


def _codes(key: str, given: Any) -> list[Any]:  # Any: JSON, as it was sent
    """The codes of an answer: one, several, or none."""
    if given is None:
        return []
    codes = list(given) if isinstance(given, list | tuple) else [given]
    if not all(isinstance(code, str | int) for code in codes):
        raise _invalid(key, "The answer to %(question)s is a code, or a list of codes.")
    return codes


def _set(
    section: ClassificationSection,
    found: Answered,
    target: str,
    value: Any,  # Any: JSON
) -> None:
    if target in section.weights:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 4:
            raise _invalid(target, "The level of %(question)s is a whole number from 0 to 4.")
        before = found.factors.get(target)
        found.factors[target] = max(value, before or 0)
    elif target in section.facts:
        found.facts[target] = {"yes": True, "no": False}.get(str(value), value)
    else:
        if isinstance(value, int):
            raise _invalid(target, "The code of %(question)s is a text.")
        known = found.vector.get(target)
        values = [known] if isinstance(known, str) else list(known or ())
        new = [value] if isinstance(value, str) else list(value)
        merged = [*values, *(one for one in new if one not in values)]
        found.vector[target] = merged[0] if len(merged) == 1 else merged


def _invalid(key: str, message: str, **params: object) -> DomainError:
    told = {"question": key} | params
    return DomainError("answer_invalid", message, field=f"answers.{key}", status=400, params=told)


def answers_of(
    section: ClassificationSection,
    vector: Mapping[str, Any],  # Any: JSON
    facts: Mapping[str, Any],  # Any: JSON
    factors: Mapping[str, int],
) -> dict[str, Any]:  # Any: JSON
    """The answers that say this much, to ask again only what is new: `read_answers` backwards."""
    known: dict[str, Any] = {**vector, **facts, **factors}  # Any: JSON
    found: dict[str, Any] = {}  # Any: JSON
    for question in section.questionnaire.questions:
        if question.answers:
            fitting = [one.code for one in question.answers if _agrees(one.sets, known)]
            if fitting:
                found[question.key] = fitting if question.multiple else fitting[0]
        elif question.fills[0] in known:
            found[question.key] = _answer(known[question.fills[0]], question)
    return found


def _agrees(sets: Mapping[str, Any], known: Mapping[str, Any]) -> bool:  # Any: JSON
    return all(
        target in known and _as_set(value) <= _as_set(known[target])
        for target, value in sets.items()
    )


def _as_set(value: Any) -> set[Any]:  # Any: JSON
    return {value} if isinstance(value, str | int) else set(value)


def _answer(value: Any, question: Question) -> Any:  # Any: JSON
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if question.multiple:
        return [value] if isinstance(value, str) else list(value)
    return value if isinstance(value, str) else value[0]
