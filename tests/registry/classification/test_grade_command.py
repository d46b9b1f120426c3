"""`manage.py grade`: one JSON a line, or exit 2 with the case and the field and nothing printed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.classification.schema import FACTOR_KEYS, ClassificationSection
from registry.core.policy.schema import MOST_BYTES
from registry.management.commands.grade import Command

ROOT = Path(__file__).resolve().parents[3]
Ran = tuple[int, str, str]


def run(*arguments: str) -> Ran:
    """Exit code, standard output and standard error of one call."""
    out, err = io.StringIO(), io.StringIO()
    try:
        Command(stdout=out, stderr=err, no_color=True).run_from_argv(
            ["manage.py", "grade", *arguments]
        )
    except SystemExit as leaving:
        return int(leaving.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def graded(tmp_path: Path, text: str, *arguments: str) -> Ran:
    file = tmp_path / "cases.yaml"
    file.write_text(text, encoding="utf-8")
    return run(str(file), *arguments)


@pytest.fixture
def case(quiet: dict[str, Any], zeros: dict[str, int]) -> dict[str, Any]:  # Any: YAML to be
    return {"id": "C1", "classification": quiet, "factors": zeros, "facts": {}}


class _WrittenOut(yaml.SafeDumper):
    """Writes what stands twice twice: the command reads no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def dump(*cases: object) -> str:
    return yaml.dump(list(cases), Dumper=_WrittenOut, allow_unicode=True)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "an alias bomb",
            "- &a [x]\n" + "- &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n" * 9,
            "cases.yaml:1: anchors and aliases (& and *) are not read; write the value out",
        ),
        ("a file too large", "#" * (MOST_BYTES + 1), "cases.yaml:1: larger than 1,048,576 bytes"),
    ],
)
def test_what_would_fill_the_memory_is_refused(
    name: str, text: str, told: str, tmp_path: Path
) -> None:
    assert graded(tmp_path, text) == (2, "", f"CommandError: {told}\n")


def test_the_worked_examples_print_one_object_a_line(
    section: ClassificationSection, tmp_path: Path
) -> None:
    cases = [
        {
            "id": example.id,
            "classification": {
                key: list(said) if isinstance(said, tuple) else said
                for key, said in example.classification.items()
            },
            "factors": example.factors,
            "facts": dict(example.facts),
        }
        for example in section.grading.examples
    ]
    code, out, err = graded(tmp_path, dump(*cases))
    assert (code, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    for line, example in zip(lines, section.grading.examples, strict=True):
        assert line["id"] == example.id
        assert line["score"] == float(example.expected.score)
        assert line["tier"] == example.expected.tier
        assert line["tier_by_score"] == example.expected.tier_by_score
        assert line["floors"] == list(example.expected.floors)
        assert line["near_threshold"] is example.expected.near_threshold
        assert sum(line["contributions"].values()) == line["score"]
        assert line["unknown"] == []


def test_a_left_out_dimension_is_listed(case: dict[str, Any], tmp_path: Path) -> None:
    del case["classification"]["channel"], case["classification"]["data_level"]
    code, out, _ = graded(tmp_path, dump(case))
    assert (code, json.loads(out)["unknown"]) == (0, ["data_level", "channel"])


def test_facts_may_be_left_out_and_written_as_yes_or_no(
    case: dict[str, Any], tmp_path: Path
) -> None:
    del case["facts"]
    written = case | {"id": "C2", "facts": {"severity1_open": "Yes", "contract_effect": "no"}}
    code, out, _ = graded(tmp_path, dump(case, written))
    assert code == 0
    assert [json.loads(line)["floors"] for line in out.splitlines()] == [[], ["FR-14"]]


def test_profile_strict_is_the_default_and_literal_may_be_asked_for(
    case: dict[str, Any], tmp_path: Path
) -> None:
    case["classification"]["business_scenario"] = "claims"
    by_profile = {
        name: json.loads(graded(tmp_path, dump(case), *arguments)[1])["floors"]
        for name, arguments in {
            "default": (),
            "strict": ("--profile", "strict"),
            "literal": ("--profile", "literal", "--pack", "cn-nfra"),
        }.items()
    }
    assert by_profile == {"default": ["FR-03s"], "strict": ["FR-03s"], "literal": []}


def test_an_unquoted_no_of_yaml_is_the_code_no(case: dict[str, Any], tmp_path: Path) -> None:
    case["classification"]["public_opinion_attribute"] = [False]
    assert graded(tmp_path, dump(case))[0] == 0


def test_standard_input_and_chinese_ids(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = dump(case | {"id": "信贷-甲"}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    code, out, _ = run("-")
    assert code == 0
    assert out.startswith('{"id": "信贷-甲", ')


WRONG = [
    ("unknown code", {"classification": {"technique": "magic"}}, "C1: classification.technique: "),
    ("unknown code in a list", {"classification": {"technique": ["llm", "magic"]}},
     "C1: classification.technique: "),
    ("unknown dimension", {"classification": {"colour": "red"}}, "C1: classification.colour: "),
    ("empty list", {"classification": {"technique": []}}, "C1: classification.technique: "),
    ("null code", {"classification": {"technique": None}}, "C1: classification.technique: "),
    ("code of the wrong type", {"classification": {"technique": 3}},
     "C1: classification.technique: "),
    ("nested list", {"classification": {"technique": [["llm"]]}},
     "C1: classification.technique: "),
    ("map for a code", {"classification": {"technique": {"llm": 1}}},
     "C1: classification.technique: "),
    ("classification of the wrong type", {"classification": "llm"}, "C1: classification: "),
    ("unknown fact", {"facts": {"moon": True}}, "C1: facts.moon: "),
    ("fact of the wrong type", {"facts": {"severity1_open": 1}}, "C1: facts.severity1_open: "),
    ("fact with another word", {"facts": {"severity1_open": "maybe"}},
     "C1: facts.severity1_open: "),
    ("empty fact", {"facts": {"severity1_open": None}}, "C1: facts.severity1_open: "),
    ("facts of the wrong type", {"facts": ["severity1_open"]}, "C1: facts: "),
    ("level too high", {"factors": dict.fromkeys(FACTOR_KEYS, 4) | {"F3": 5}}, "C1: factors.F3: "),
    ("level too low", {"factors": dict.fromkeys(FACTOR_KEYS, 4) | {"F3": -1}}, "C1: factors.F3: "),
    ("fraction", {"factors": dict.fromkeys(FACTOR_KEYS, 4) | {"F3": 2.0}}, "C1: factors.F3: "),
    ("text level", {"factors": dict.fromkeys(FACTOR_KEYS, 4) | {"F3": "2"}}, "C1: factors.F3: "),
    ("boolean level", {"factors": dict.fromkeys(FACTOR_KEYS, 4) | {"F3": True}},
     "C1: factors.F3: "),
    ("unknown factor", {"factors": dict.fromkeys(FACTOR_KEYS, 4) | {"F10": 1}},
     "C1: factors.F10: "),
    ("missing factor", {"factors": dict.fromkeys(FACTOR_KEYS[:8], 4)}, "C1: factors.F9: missing"),
    ("factors of the wrong type", {"factors": [4]}, "C1: factors: "),
    ("unknown field", {"colour": "red"}, "C1: colour: "),
    ("id that is a number", {"id": 7}, "case 2: id: "),
    ("blank id", {"id": " "}, "case 2: id: "),
    ("duplicate id", {"id": "C0"}, "C0: id: used by an earlier case"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "message"), WRONG, ids=[name for name, *_ in WRONG])
def test_a_wrong_case_exits_2_and_prints_nothing(
    name: str,
    change: dict[str, object],
    message: str,
    case: dict[str, Any],
    tmp_path: Path,
) -> None:
    code, out, err = graded(tmp_path, dump(case | {"id": "C0"}, case | change))
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("name", "field", "message"),
    [
        ("missing id", "id", "case 1: id: missing"),
        ("missing classification", "classification", "C1: classification: missing"),
        ("missing factors", "factors", "C1: factors.F1: missing"),
    ],
)
def test_a_missing_field_exits_2_and_prints_nothing(
    name: str, field: str, message: str, case: dict[str, Any], tmp_path: Path
) -> None:
    del case[field]
    code, out, err = graded(tmp_path, dump(case))
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("malformed", "- id: [\n", "cases.yaml:2: "),
        ("duplicate key", "- id: a\n  id: b\n", "cases.yaml:2: duplicate key 'id'"),
        ("empty file", "", "cases.yaml: the file is empty"),
        ("only a comment", "# nothing\n", "cases.yaml: the file is empty"),
        ("empty list", "[]\n", "cases.yaml: the list of cases is empty"),
        ("not a list", "id: a\n", "cases.yaml: a list of cases is expected"),
        ("a case that is text", "- hello\n", "case 1: a case is a mapping"),
        ("two documents", "- id: a\n---\n- id: b\n", "cases.yaml:"),
    ],
)
def test_a_wrong_file_exits_2_and_prints_nothing(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    code, out, err = graded(tmp_path, text)
    assert (code, out) == (2, "")
    assert message in err


def test_a_file_that_is_not_there_or_not_utf_8_exits_2(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(b"- id: \xff\n")
    for file in (broken, tmp_path / "absent.yaml", tmp_path):
        code, out, err = run(str(file))
        assert (code, out) == (2, "")
        assert file.name in err


def test_a_pack_that_is_not_there_exits_2(case: dict[str, Any], tmp_path: Path) -> None:
    code, out, err = graded(tmp_path, dump(case), "--pack", "nowhere")
    assert (code, out) == (2, "")
    assert "classification.yaml" in err


def test_it_runs_where_no_database_can_be_reached(case: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "cases.yaml"
    file.write_text(dump(case), encoding="utf-8")
    unreachable = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    ran = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "grade", str(file)],
        env=os.environ | unreachable | {"DJANGO_SETTINGS_MODULE": "config.settings.test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(ran.stdout)["tier"] == "IV"
