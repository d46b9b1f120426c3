"""The shipped pack is complete, and a broken one is refused by name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from registry.classification.schema import FACTOR_KEYS, ClassificationSection, load_section
from registry.core.policy.rules import PolicyError
from registry.core.policy.schema import Label, Pack, RuleSpec, Source, load_yaml, validate

PACK = Path(__file__).resolve().parents[3] / "seeds" / "policy_packs" / "cn-nfra"
TAGS = {"verified", "secondary", "recalled", "own_design"}


def parts(value: object) -> Iterator[BaseModel]:
    """Every model inside a section."""
    if isinstance(value, BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from parts(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from parts(item)


def test_every_label_speaks_both_languages(section: ClassificationSection) -> None:
    labels = [part for part in parts(section) if isinstance(part, Label)]
    assert len(labels) > 400
    assert [label for label in labels if not re.search("[\u4e00-\u9fff]|OCR", label.zh)] == []
    assert [
        label for label in labels if re.search("[\u4e00-\u9fff]", label.en.replace("金发8号", ""))
    ] == []


def test_everything_that_holds_a_rule_cites_a_tagged_source(
    section: ClassificationSection,
) -> None:
    assert {part.tag for part in parts(section) if isinstance(part, Source)} == TAGS
    nested = {"PrefillStep", "Stricter"}
    for part in parts(section):
        held = any(isinstance(getattr(part, name), RuleSpec) for name in type(part).model_fields)
        if held and type(part).__name__ not in nested:
            assert getattr(part, "sources", ()), part


def test_the_scheme_is_that_of_the_regulation_file(section: ClassificationSection) -> None:
    assert list(section.weights.values()) == [20, 15, 15, 10, 12, 10, 6, 6, 6]
    assert section.thresholds == (("I", 75), ("II", 55), ("III", 30), ("IV", 0))
    assert section.grading.near_band == 2
    assert section.default_profile == "strict"
    numbers = [dimension.number for dimension in section.classification.dimensions]
    assert [*dict.fromkeys(numbers)] == [f"D{number}" for number in range(1, 18)]
    sizes = {key: len(codes) for key, codes in section.codes.items()}
    assert sizes == {
        "business_scenario": 25, "technique": 14, "decision_role": 6, "autonomy": 5,
        "customer_impact": 5, "affected_subject": 6, "data_level": 4, "pi_flag": 4, "sourcing": 7,
        "genai_audience": 4, "explainability_level": 4, "update_mode": 4, "channel": 7,
        "algorithm_type": 6, "public_opinion_attribute": 3, "jurisdiction": 8,
        "model_determination": 3, "deployment_location": 5,
    }  # fmt: skip


def test_floors_are_fr_01_to_fr_16(section: ClassificationSection) -> None:
    ids = {floor.id for floor in section.grading.floors}
    assert ids == {f"FR-{number:02}" for number in range(1, 17)} | {"FR-03s"}
    literal = {floor.id for floor in section.floors_of["literal"]}
    assert ids - literal == {"FR-03s"}


def test_at_most_twelve_questions_register_a_model(section: ClassificationSection) -> None:
    asked = [one for one in section.questionnaire.questions if one.stage == "registration"]
    assert len(asked) == 12
    filled = {target for question in asked for target in question.fills}
    assert filled >= {"business_scenario", "technique", "F1", "F2", "F4", "F6", "F9"}


def test_every_target_is_asked_somewhere(section: ClassificationSection) -> None:
    filled = {target for one in section.questionnaire.questions for target in one.fills}
    derived = {fact.key for fact in section.classification.facts if fact.derived}
    assert filled == {*section.codes, *section.facts, *FACTOR_KEYS} - derived


def test_pack_yaml_is_valid() -> None:
    pack = validate(Pack, load_yaml(PACK / "pack.yaml"), "pack.yaml")
    assert (pack.key, pack.version) == ("cn_nfra", "1.7")


BREAKS = [
    ("undeclared name", "grading.yaml", "rule: {all: [high_data_level]}",
     "rule: {all: [moon_phase]}", "grading.yaml: floor FR-07: undeclared name 'moon_phase'"),
    ("floor reads a factor", "grading.yaml", "rule: {all: [high_data_level]}",
     "rule: {all: [F6 > 3]}", "grading.yaml: floor FR-07: undeclared name 'F6'"),
    ("bad clause", "grading.yaml", "rule: {all: [high_data_level]}",
     "rule: {all: ['(']}", "grading.yaml: floor FR-07: not a CEL expression"),
    ("weights", "grading.yaml", "weight: 20", "weight: 21", "grading.yaml: factors: "),
    ("tag", "grading.yaml", "tag: recalled", "tag: guessed", "grading.yaml:"),
    ("read_by", "classification.yaml", "read_by: [FR-06]", "read_by: [FR-07]",
     "classification.yaml: fact agent_write_funds: read_by should be ['FR-06']"),
    ("group code", "classification.yaml", "codes: [core, important]", "codes: [core, secret]",
     "classification.yaml: group high_data_level: "),
    ("duplicate key", "classification.yaml", "    number: D2\n", "    number: D2\n    number: D2\n",
     "classification.yaml:"),
    ("target", "questionnaire.yaml", "fills: [technique]", "fills: [mood]",
     "questionnaire.yaml: Q02: undeclared target mood"),
    ("answer code", "questionnaire.yaml", "autonomy: A4}", "autonomy: A5}",
     "questionnaire.yaml: Q03: answer automatic: autonomy cannot be 'A5'"),
    ("thirteenth question", "questionnaire.yaml", "stage: S0", "stage: registration",
     "questionnaire.yaml: "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "file", "old", "new", "message"), BREAKS)
def test_a_broken_pack_is_refused_by_name(
    name: str, file: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    directory = tmp_path / "pack"
    shutil.copytree(PACK, directory)
    text = (directory / file).read_text(encoding="utf-8")
    assert old in text
    (directory / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as refusal:
        load_section(directory)
    assert str(refusal.value).startswith(message)
