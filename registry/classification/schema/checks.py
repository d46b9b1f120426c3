"""What must hold across the three files of the section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from registry.classification.schema.grading import FACTOR_KEYS, Floor
from registry.core.policy.schema import RuleSpec

if TYPE_CHECKING:
    from registry.classification.schema.section import ClassificationSection

MAX_REGISTRATION_QUESTIONS = 12


def problems(section: ClassificationSection) -> Iterator[str]:
    """Each way in which the files do not fit together, as `file: where: what`."""
    said, graded = section.classification, section.grading
    names = [*(one.key for one in said.dimensions), *(one.key for one in said.groups)]
    names.extend(one.key for one in said.facts)
    yield from _repeated("classification.yaml", names)
    yield from _repeated("classification.yaml", [flag.key for flag in said.flags])
    yield from _repeated("classification.yaml", [one.id for one in said.contradictions])
    yield from _repeated("grading.yaml", [floor.id for floor in graded.floors])
    yield from _repeated("questionnaire.yaml", [one.key for one in section.questionnaire.questions])
    for group in said.groups:
        if not group.members <= section.codes.get(group.dimension, frozenset()):
            yield f"classification.yaml: group {group.key}: a code its dimension does not have"
    for flag in said.flags:
        said_values = {flag.default, "to_assess", *(rule.value for rule in flag.rules)}
        if not said_values <= section.flag_values[flag.key].keys():
            yield f"classification.yaml: flag {flag.key}: an undeclared value"
    if sum(section.weights.values()) != 100 or tuple(section.weights) != FACTOR_KEYS:
        yield "grading.yaml: factors: F1 to F9 in order, with weights that add up to 100"
    if sum(profile.default for profile in graded.profiles) != 1:
        yield "grading.yaml: profiles: exactly one is the default"
    yield from _grading_problems(section)
    yield from _question_problems(section)


def _repeated(name: str, keys: list[str]) -> Iterator[str]:
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"{name}: {key} is declared twice"


def _grading_problems(section: ClassificationSection) -> Iterator[str]:
    ids = {floor.id for floor in section.grading.floors}
    flags = section.flag_values
    for floor in section.grading.floors:
        where = f"grading.yaml: floor {floor.id}"
        if floor.superseded_by is not None and floor.superseded_by not in ids:
            yield f"{where}: superseded by an unknown floor"
        if any(value not in flags.get(flag, {}) for flag, value in floor.sets.items()):
            yield f"{where}: sets an unknown flag or value"
        if any(c not in section.codes.get(d, ()) for d, c in floor.equivalent.items()):
            yield f"{where}: an unknown dimension or code under equivalent"
    for add_on in section.grading.add_on_controls:
        if add_on.flag not in flags:
            yield f"grading.yaml: add_on_controls: unknown flag {add_on.flag}"
    prohibition = section.grading.prohibition
    reads = {floor.id: _floor_reads(floor) for floor in section.grading.floors}
    reads[prohibition.id] = set(prohibition.rule.compiled.reads)
    for fact in section.classification.facts:
        readers = {rule for rule, names in reads.items() if fact.key in names}
        if readers != set(fact.read_by):
            yield f"classification.yaml: fact {fact.key}: read_by should be {sorted(readers)}"


def _floor_reads(floor: Floor) -> set[str]:
    rules = (floor.rule, *(one.rule for one in floor.stricter))
    return {name for rule in rules for name in rule.compiled.reads}


def _question_problems(section: ClassificationSection) -> Iterator[str]:
    questions = section.questionnaire.questions
    asked = sum(question.stage == "registration" for question in questions)
    if asked > MAX_REGISTRATION_QUESTIONS:
        yield f"questionnaire.yaml: {asked} questions at registration"
    targets = {*section.codes, *section.facts, *FACTOR_KEYS}
    for question in questions:
        where = f"questionnaire.yaml: {question.key}"
        if unknown := sorted(set(question.fills) - targets):
            yield f"{where}: undeclared target {unknown[0]}"
        for answer in question.answers:
            for target, value in answer.sets.items():
                if not _fits(section, target, value):
                    yield f"{where}: answer {answer.code}: {target} cannot be {value!r}"
    reached = {target for question in questions for target in question.fills}
    needed = {*section.codes, *(key for key, fact in section.facts.items() if not fact.derived)}
    if silent := sorted(needed - reached):
        yield f"questionnaire.yaml: nobody asks for {silent[0]}"


def _fits(section: ClassificationSection, target: str, value: object) -> bool:
    if target in section.codes:
        values = value if isinstance(value, tuple) else (value,)
        return all(code in section.codes[target] for code in values)
    if target in FACTOR_KEYS:
        return type(value) is int
    codes = section.facts[target].codes
    return isinstance(value, bool) if codes is None else value in codes


def lint(section: ClassificationSection) -> None:
    """Compile every clause and check the names it reads; raises PolicyError."""
    said, graded = section.classification, section.grading
    stated = {*section.codes, *section.groups, *section.facts}
    wide = {*stated, *FACTOR_KEYS, "regimes", "answered"}
    for floor in graded.floors:
        where = f"grading.yaml: floor {floor.id}"
        _lint_all(where, (floor.rule, *(one.rule for one in floor.stricter)), stated)
    _lint_all(f"grading.yaml: {graded.prohibition.id}", (graded.prohibition.rule,), stated)
    for prefill in graded.prefill:
        where = f"grading.yaml: prefill {prefill.factor}"
        _lint_all(where, (step.rule for step in prefill.steps), stated)
    for flag in said.flags:
        where = f"classification.yaml: flag {flag.key}"
        _lint_all(where, (one.rule for one in flag.rules), wide)
    for contradiction in said.contradictions:
        where = f"classification.yaml: contradiction {contradiction.id}"
        _lint_all(where, (contradiction.rule,), wide)


def _lint_all(where: str, rules: Iterable[RuleSpec], declared: set[str]) -> None:
    for rule in rules:
        rule.lint(where, declared)
