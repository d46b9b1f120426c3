"""CEL clauses in three values, the linter, and how pack files are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from registry.core.policy.rules import (
    Clause,
    Outcome,
    PolicyError,
    Readings,
    compile_clause,
    compile_rule,
    require_declared,
)
from registry.core.policy.schema import (
    MOST_BYTES,
    Label,
    PolicyModel,
    Source,
    load_yaml,
    parse_yaml,
    validate,
)

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("name", "expression", "values", "expected"),
    [
        ("true", "a", {"a": True}, PASS),
        ("false", "a", {"a": False}, FAIL),
        ("missing name", "a", {}, UNKNOWN),
        ("null value", "a", {"a": None}, UNKNOWN),
        ("null compared for equality", "a == 'x'", {"a": None}, UNKNOWN),
        ("null compared for order", "a > 1", {"a": None}, UNKNOWN),
        ("missing key of a map", "m.x == 1", {"m": {}}, UNKNOWN),
        ("null under a key of a map", "m.x == 1", {"m": {"x": None}}, UNKNOWN),
        ("list with a null", "'x' in a", {"a": ["x", None]}, UNKNOWN),
        ("types that do not compare", "a > 1", {"a": "x"}, UNKNOWN),
        ("not a boolean", "a", {"a": "x"}, UNKNOWN),
        ("or: true settles it", "a || b", {"a": True}, PASS),
        ("or: true on the right settles it", "b || a", {"a": True}, PASS),
        ("or: false does not settle it", "a || b", {"a": False}, UNKNOWN),
        ("and: false settles it", "a && b", {"a": False}, FAIL),
        ("and: false on the right settles it", "b && a", {"a": False}, FAIL),
        ("and: true does not settle it", "a && b", {"a": True}, UNKNOWN),
        ("not: unknown stays unknown", "!a", {}, UNKNOWN),
        ("code in a list", "'x' in a", {"a": ["x", "y"]}, PASS),
        ("macro over a list", "a.exists(v, v in ['x', 'z'])", {"a": ["y", "z"]}, PASS),
        ("empty list", "a.exists(v, v == 'x')", {"a": []}, FAIL),
    ],
)
def test_a_clause_passes_fails_or_is_unknown(
    name: str, expression: str, values: dict[str, object], expected: Outcome
) -> None:
    assert compile_clause(expression).evaluate(Readings(values)) is expected


def test_a_clause_reports_the_values_it_read_and_shows_missing_ones_as_none() -> None:
    clause = compile_clause("m.level >= 2 && x == 'a.b' && tags.exists(t, t == y)")
    report = clause.report(Readings({"m": {"level": 3}, "x": "a.b", "tags": ["q"]}))
    assert report.values == (("m.level", 3), ("tags", ["q"]), ("x", "a.b"), ("y", None))
    assert report.outcome is UNKNOWN
    assert report.expression == clause.expression


def test_the_same_text_is_compiled_once() -> None:
    assert compile_clause("a && b") is compile_clause("a && b")
    assert isinstance(compile_clause("a && b"), Clause)


@pytest.mark.parametrize(
    ("name", "parts", "values", "expected"),
    [
        ("all pass", {"when": ["a"], "all": ["b"]}, {"a": True, "b": True}, PASS),
        ("when fails", {"when": ["a"], "all": ["b"]}, {"a": False}, FAIL),
        ("one of all unknown", {"all": ["a", "b"]}, {"a": True}, UNKNOWN),
        ("one of any passes", {"any": ["a", "b"]}, {"b": True}, PASS),
        ("none of any passes", {"any": ["a", "b"]}, {"a": False, "b": False}, FAIL),
        ("any undecided", {"any": ["a", "b"]}, {"a": False}, UNKNOWN),
        ("all unknown, any fails", {"all": ["a"], "any": ["b"]}, {"b": False}, FAIL),
        ("unless passes", {"all": ["a"], "unless": ["b", "c"]}, {"a": True, "c": True}, FAIL),
        ("unless fails", {"all": ["a"], "unless": ["b"]}, {"a": True, "b": False}, PASS),
        ("unless unknown", {"all": ["a"], "unless": ["b"]}, {"a": True}, UNKNOWN),
        ("all unknown, unless passes", {"all": ["a"], "unless": ["b"]}, {"b": True}, FAIL),
    ],
)
def test_a_rule_combines_its_clauses_in_kleene_logic(
    name: str, parts: dict[str, list[str]], values: dict[str, object], expected: Outcome
) -> None:
    rule = compile_rule(**parts)
    assert rule.evaluate(Readings(values)) is expected
    assert rule.report(Readings(values)).outcome is expected
    coded = Readings(values, coded=True)
    assert [rule.evaluate(coded), rule.evaluate(coded)] == [expected, expected]
    assert rule.report(coded) == rule.report(Readings(values))


def test_a_rule_reports_clauses_that_did_not_decide_it() -> None:
    report = compile_rule(when=["a"], any=["b", "c"], unless=["d"]).report(Readings({"a": False}))
    assert [clause.outcome for clause in report.when] == [FAIL]
    assert [clause.outcome for clause in report.any] == [UNKNOWN, UNKNOWN]
    assert [clause.outcome for clause in report.unless] == [UNKNOWN]


@pytest.mark.parametrize(
    ("name", "expression", "message"),
    [
        ("syntax", "a &&", "not a CEL expression"),
        ("empty", "", "not a CEL expression"),
        ("too long", "a || " * 100 + "a", "longer than 500 characters"),
        ("nested macros", "a.exists(x, b.exists(y, x == y))", "a macro inside a macro"),
        ("nested with spaces", "a . all( x , b .map (y, y).size() > 0)", "a macro inside a macro"),
        ("unknown function", "now() > a", "unknown function 'now'"),
    ],
)
def test_the_linter_refuses(name: str, expression: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        compile_clause(expression)


def test_500_characters_and_macros_side_by_side_are_allowed() -> None:
    compile_clause("a == '" + "x" * 493 + "'")
    compile_clause("a.exists(x, x == 1) && b.all(y, y == 2) && 'c.exists(z, d.exists(' == e")


def test_a_list_of_more_than_a_thousand_elements_is_refused() -> None:
    assert compile_clause("7 in a").evaluate(Readings({"a": [7] * 1_000})) is PASS
    with pytest.raises(PolicyError, match="more than 1000 elements"):
        Readings({"a": [7] * 1_001})


@pytest.mark.parametrize(
    ("name", "expression", "message"),
    [
        ("undeclared name", "a && b", "undeclared name 'b'"),
        ("undeclared inside a macro", "a.exists(x, x == q)", "undeclared name 'q'"),
        ("bound name hides a declared one", "a.exists(c, c == 1)", "'c' hides a declared name"),
    ],
)
def test_only_declared_names_are_read(name: str, expression: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        require_declared(compile_rule(all=[expression]), {"a", "c"})


def test_a_rule_that_would_always_fire_is_refused() -> None:
    with pytest.raises(PolicyError, match="needs a clause"):
        compile_rule(unless=["a"])


NO_ALIAS = "anchors and aliases (& and *) are not read; write the value out"
NO_NUMBER = "a number has at most 100 digits"
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


class Thing(PolicyModel):
    label: Label
    sources: tuple[Source, ...]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("duplicate key", "a: 1\nb: 2\na: 3\n", "t.yaml:3: duplicate key 'a'"),
        ("duplicate key in a flow map", "x: {a: 1, a: 2}", "t.yaml:1: duplicate key 'a'"),
        ("bad syntax", "a: [1\nb: 2\n", "t.yaml:2: "),
        ("python object", "a: !!python/object:os.system x", "t.yaml:1: could not determine"),
        ("recursion", "a: &x [*x]\n", f"t.yaml:1: {NO_ALIAS}"),
        ("an anchor", "a: 1\nb: &x [1]\n", f"t.yaml:2: {NO_ALIAS}"),
        ("an alias of nothing", "a: 1\nb: *x\n", f"t.yaml:2: {NO_ALIAS}"),
        ("an anchored key", "&x a: 1\n", f"t.yaml:1: {NO_ALIAS}"),
        ("an alias bomb", BOMB, f"t.yaml:1: {NO_ALIAS}"),
        ("merged keys", "a:\n  <<: {b: 1}\n", "t.yaml:2: the key '<<' is not text"),
        ("key that is not text", "1: a\n", "t.yaml:1: the key '1' is not text"),
        ("a number to the base of 60", "\na: " + "1:" * 50_000 + "1", f"t.yaml:2: {NO_NUMBER}"),
        ("a float to the base of 60", "a: " + "1:" * 50_000 + "1.0", f"t.yaml:1: {NO_NUMBER}"),
    ],
)
def test_yaml_errors_name_file_and_line(name: str, text: str, message: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_yaml(text, "t.yaml")
    assert str(refusal.value).startswith(message)


def test_a_file_that_is_too_large_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("a: b\n" + "#" * (MOST_BYTES - 5), encoding="utf-8")
    assert load_yaml(path) == {"a": "b"}
    path.write_text("a: b\n" + "#" * (MOST_BYTES - 4), encoding="utf-8")
    with pytest.raises(PolicyError, match="^large.yaml:1: larger than 1,048,576 bytes$"):
        load_yaml(path)


def test_a_missing_file_is_a_policy_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="^absent.yaml:1: "):
        load_yaml(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty label", "sources: []\nlabel:\n  zh: 甲\n  en: ' '\n", "t.yaml:4: label.en: "),
        ("missing language", "sources: []\nlabel: {zh: 甲}\n", "t.yaml:2: label.en: "),
        ("unknown tag", "label: {zh: 甲, en: A}\nsources:\n- {ref: x, tag: y}\n", "t.yaml:3: "),
        ("extra key", "label: {zh: 甲, en: A}\nsources: []\nmore: 1\n", "t.yaml:3: more: "),
    ],
)
def test_a_wrong_value_is_named_with_file_and_line(name: str, text: str, message: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        validate(Thing, parse_yaml(text, "t.yaml"), "t.yaml")
    assert str(refusal.value).startswith(message)


def test_a_section_is_frozen() -> None:
    label = Label(zh="甲", en="A")
    with pytest.raises(ValidationError):
        label.zh = "乙"
