"""Search: the grammar, the orders and the pages, alike for MLflow's server and for Mingce."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.contracts.mlflow_protocol.conftest import Registry
from tests.contracts.mlflow_protocol.differences import answer

TAGS: dict[str, dict[str, str]] = {
    "alpha": {"team": "risk", "a.b": "1"},
    "Beta": {"team": "Risk"},
    "be_ta": {"team": "ops", "pct": "50%"},
    "delta": {},
}


_built: dict[str, str] = {}  # the address of a registry → the mark of the names there


@pytest.fixture
def estate(registry: Registry) -> Registry:
    """Four names, two of them with versions, made once in each registry: tests only read them."""
    if registry.url in _built:
        return dataclasses.replace(registry, mark=_built[registry.url])
    _built[registry.url] = registry.mark
    for word, tags in TAGS.items():
        registry.client.create_registered_model(registry.name(word), tags)
    for word, run in (("alpha", "a" * 32), ("alpha", "b" * 32), ("Beta", "a" * 32)):
        registry.client.create_model_version(
            registry.name(word), f"s3://b/{word}", run, tags={"k": word}
        )
    return registry


def words(registry: Registry, rows: Any) -> list[str]:
    """The names without the test's mark."""
    return [row.name.removesuffix(f"-{registry.mark}") for row in rows]


MODELS = {
    "everything": ("", ["Beta", "alpha", "be_ta", "delta"]),
    "a name": ("name = 'alpha-{m}'", ["alpha"]),
    "double quotes": ('name = "alpha-{m}"', ["alpha"]),
    "with a prefix": ("attribute.name = 'alpha-{m}'", ["alpha"]),
    "another name": ("name != 'alpha-{m}'", ["Beta", "be_ta", "delta"]),
    "like": ("name LIKE 'be%'", ["be_ta"]),
    "like, one letter": ("name like '_lpha%'", ["alpha"]),
    "like, any case": ("name ILIKE 'BE%'", ["Beta", "be_ta"]),
    "in a list": ("name IN ('alpha-{m}', 'delta-{m}', 'x')", ["alpha", "delta"]),
    "not in a list": ("name NOT IN ('alpha-{m}', 'delta-{m}')", ["Beta", "be_ta"]),
    "a tag": ("tags.team = 'risk'", ["alpha"]),
    "a tag, singular": ("tag.team = 'risk'", ["alpha"]),
    "a tag in ticks": ("tags.`a.b` = '1'", ["alpha"]),
    "another tag": ("tags.team != 'risk'", ["Beta", "be_ta"]),
    "a tag like": ("tags.team LIKE 'ri%'", ["alpha"]),
    "a tag like, any case": ("tags.team ILIKE 'ri%'", ["Beta", "alpha"]),
    "a percent sign": ("tags.pct LIKE '50%'", ["be_ta"]),
    "both": ("name ILIKE 'b%' AND tags.team = 'ops'", ["be_ta"]),
    "both, small and": ("tags.team = 'ops' and name LIKE 'b%'", ["be_ta"]),
    "nothing": ("name = 'nobody'", []),
}


@pytest.mark.parametrize("case", MODELS)
def test_names_are_found(estate: Registry, case: str) -> None:
    text, expected = MODELS[case]
    mine = f"name LIKE '%-{estate.mark}'"
    told = text.replace("{m}", estate.mark)
    found = estate.client.search_registered_models(f"{told} AND {mine}" if told else mine)
    assert sorted(words(estate, found)) == sorted(expected)


VERSIONS = {
    "of a name": ("name = 'alpha-{m}'", ["alpha 2", "alpha 1"]),
    "of a run": ("run_id = '" + "a" * 32 + "' AND name LIKE '%{m}'", ["Beta 1", "alpha 1"]),
    "of runs": ("run_id IN ('" + "b" * 32 + "') AND name LIKE '%{m}'", ["alpha 2"]),
    "a number": ("name = 'alpha-{m}' AND version_number = 1", ["alpha 1"]),
    "a quoted number": ("name = 'alpha-{m}' AND version_number = '1'", ["alpha 1"]),
    "numbers above": ("name = 'alpha-{m}' AND version_number > 1", ["alpha 2"]),
    "numbers up to": ("name = 'alpha-{m}' AND version_number <= 1", ["alpha 1"]),
    "other numbers": ("name = 'alpha-{m}' AND version_number != 1", ["alpha 2"]),
    "a source": ("source_path = 's3://b/Beta' AND name LIKE '%{m}'", ["Beta 1"]),
    "a tag": ("tags.k = 'alpha' AND name LIKE '%{m}'", ["alpha 2", "alpha 1"]),
    "nothing": ("name = 'delta-{m}'", []),
}


@pytest.mark.parametrize("case", VERSIONS)
def test_versions_are_found(estate: Registry, case: str) -> None:
    text, expected = VERSIONS[case]
    found = estate.client.search_model_versions(text.replace("{m}", estate.mark))
    told = [f"{word} {row.version}" for word, row in zip(words(estate, found), found, strict=True)]
    assert sorted(told) == sorted(expected)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["name DESC"], ["delta", "alpha"]),
        (["name ASC"], ["alpha", "delta"]),
        (["timestamp DESC"], ["alpha", "delta"]),
        (["last_updated_timestamp ASC", "name"], ["delta", "alpha"]),
    ],
)
def test_names_in_order(estate: Registry, asked: list[str], expected: list[str]) -> None:
    text = f"name IN ('alpha-{estate.mark}', 'delta-{estate.mark}')"
    assert words(estate, estate.client.search_registered_models(text, order_by=asked)) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["version_number DESC"], ["2", "1"]),
        (["version_number ASC"], ["1", "2"]),
        (["creation_timestamp DESC"], ["2", "1"]),
        (["last_updated_timestamp"], ["1", "2"]),
        ([], ["2", "1"]),
    ],
)
def test_versions_in_order(estate: Registry, asked: list[str], expected: list[str]) -> None:
    text = f"name = 'alpha-{estate.mark}'"
    found = estate.client.search_model_versions(text, order_by=asked or None)
    assert [row.version for row in found] == expected


def test_pages_follow_one_another(estate: Registry) -> None:
    text, seen, token = f"name LIKE '%-{estate.mark}'", [], None
    for _ in range(4):
        page = estate.client.search_registered_models(text, 1, ["name DESC"], token)
        seen += words(estate, page)
        token = page.token
    assert sorted(seen) == sorted(TAGS)
    assert not token


def test_pages_of_versions_follow_one_another(estate: Registry) -> None:
    text, seen, token = f"name LIKE '%-{estate.mark}'", [], None
    for _ in range(3):
        page = estate.client.search_model_versions(text, 1, None, token)
        seen += [f"{words(estate, [row])[0]} {row.version}" for row in page]
        token = page.token
    assert sorted(seen) == ["Beta 1", "alpha 1", "alpha 2"]
    assert not token


@pytest.mark.parametrize("call", ["registered-models/search", "model-versions/search"])
@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"filter": "description = 'x'"}, ""),
        ({"filter": "name = 'a' OR name = 'b'"}, ""),
        ({"filter": "name = a"}, ""),
        ({"filter": "name > 'a'"}, ""),
        ({"filter": "(name = 'a')"}, ""),
        ({"filter": "name"}, ""),
        ({"filter": "name = 'a' AND"}, "dangling and"),
        ({"filter": "tags.k IN ('a')"}, ""),
        ({"filter": "metrics.k > 1"}, ""),
        ({"filter": "name = 'a"}, ""),
        ({"filter": "name = 'a' name = 'b'"}, "clauses without and"),
        ({"order_by": "description"}, ""),
        ({"order_by": "name SIDEWAYS"}, ""),
        ({"order_by": ["name", "name DESC"]}, "order twice"),
        ({"page_token": "%%%"}, ""),
        ({"max_results": "200001"}, ""),
        ({"max_results": "many"}, ""),
    ],
    ids=str,
)
def test_a_search_that_is_none(
    registry: Registry, call: str, told: dict[str, Any], key: str
) -> None:
    answered = registry.call("GET", call, told)
    expected = answer(registry, key, (400, "INVALID_PARAMETER_VALUE"))
    assert (answered.status_code, answered.json().get("error_code")) == expected


def test_a_negative_page_of_names(registry: Registry) -> None:
    answered = registry.call("GET", "registered-models/search", {"max_results": "-1"})
    expected = answer(registry, "negative page", (400, "INVALID_PARAMETER_VALUE"))
    assert (answered.status_code, answered.json().get("error_code")) == expected


def test_no_rows_and_a_token(estate: Registry) -> None:
    told = {"filter": f"name LIKE '%-{estate.mark}'", "max_results": 0}
    found = estate.call("GET", "registered-models/search", told).json()
    assert "registered_models" not in found
    assert found["next_page_token"]


def test_prompts_are_found_only_where_they_are_asked_for(estate: Registry) -> None:
    tag = {"mlflow.prompt.is_prompt": "true"}
    told = {"name": estate.name("prompt"), "tags": [{"key": key, "value": tag[key]} for key in tag]}
    assert estate.call("POST", "registered-models/create", told).status_code == 200
    mine = f"name LIKE '%-{estate.mark}'"
    plain = estate.call("GET", "registered-models/search", {"filter": mine}).json()
    assert "prompt" not in [row["name"].split("-")[0] for row in plain["registered_models"]]
    asked = f"{mine} AND tags.`mlflow.prompt.is_prompt` = 'true'"
    found = estate.call("GET", "registered-models/search", {"filter": asked}).json()
    assert [row["name"].split("-")[0] for row in found["registered_models"]] == ["prompt"]
