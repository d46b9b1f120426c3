"""MLflow's model-registry protocol: the same assertions for MLflow's server and for Mingce.

What Mingce answers otherwise on purpose stands in `differences.py` and in the how-to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException

from tests.contracts.mlflow_protocol.conftest import Registry
from tests.contracts.mlflow_protocol.differences import WANTED, answer

SOURCE = "s3://bucket/models/credit"


@contextmanager
def refused(code: str, told: str = "") -> Iterator[None]:
    """The client raises with this code of the protocol."""
    with pytest.raises(MlflowException) as caught:
        yield
    assert caught.value.error_code == code, caught.value
    assert told in str(caught.value)


def named(registry: Registry, **more: Any) -> str:
    """A registered name of the test."""
    name = registry.name()
    registry.client.create_registered_model(name, **more)
    return name


def version(registry: Registry, name: str, **more: Any) -> str:
    """A version of it, by its number."""
    made = registry.client.create_model_version(name, SOURCE, **more)
    return str(made.version)


# Names.


def test_a_name_is_created_with_tags_and_description(registry: Registry) -> None:
    name = registry.name()
    made = registry.client.create_registered_model(name, {"owner": "风险"}, "评分卡")
    assert (made.name, made.description, made.tags) == (name, "评分卡", {"owner": "风险"})
    read = registry.client.get_registered_model(name)
    assert (read.tags, read.description) == (made.tags, made.description)
    assert read.creation_timestamp == made.creation_timestamp > 1_600_000_000_000
    assert (read.latest_versions, read.aliases) == ([], {})


def test_a_name_is_created_once(registry: Registry) -> None:
    name = named(registry)
    with refused("RESOURCE_ALREADY_EXISTS", name):
        registry.client.create_registered_model(name)


@pytest.mark.parametrize("name", ["a/b", "a:b", " ", ""])
def test_a_name_that_is_none(registry: Registry, name: str) -> None:
    answered = registry.call("POST", "registered-models/create", {"name": name})
    assert (answered.status_code, answered.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_an_unknown_name(registry: Registry) -> None:
    for call in (
        lambda: registry.client.get_registered_model("zzz"),
        lambda: registry.client.create_model_version("zzz", SOURCE),
        lambda: registry.client.delete_registered_model("zzz"),
        lambda: registry.client.get_model_version("zzz", "1"),
        lambda: registry.client.set_registered_model_alias("zzz", "a", "1"),
        lambda: registry.client.set_registered_model_tag("zzz", "a", "1"),
    ):
        with refused("RESOURCE_DOES_NOT_EXIST"):
            call()


def test_a_name_is_described_renamed_and_deleted(registry: Registry) -> None:
    name, other = named(registry), registry.name("other")
    version(registry, name)
    registry.client.update_registered_model(name, "用途变更")
    assert registry.client.get_registered_model(name).description == "用途变更"
    registry.client.rename_registered_model(name, other)
    assert registry.client.get_registered_model(other).description == "用途变更"
    assert registry.client.get_model_version(other, "1").name == other
    with refused("RESOURCE_DOES_NOT_EXIST"):
        registry.client.get_registered_model(name)
    registry.client.delete_registered_model(other)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        registry.client.get_registered_model(other)
    registry.client.create_registered_model(other)
    assert version(registry, other) == "1"


def test_a_name_is_not_renamed_to_one_that_is_taken(registry: Registry) -> None:
    name, other = named(registry), registry.name("other")
    registry.client.create_registered_model(other)
    with refused("RESOURCE_ALREADY_EXISTS"):
        registry.client.rename_registered_model(name, other)


def test_tags_of_a_name(registry: Registry) -> None:
    name = named(registry)
    registry.client.set_registered_model_tag(name, "k.1/x y", "v")
    registry.client.set_registered_model_tag(name, "k.1/x y", "w")
    registry.client.set_registered_model_tag(name, "empty", "")
    assert registry.client.get_registered_model(name).tags == {"k.1/x y": "w", "empty": ""}
    registry.client.delete_registered_model_tag(name, "empty")
    registry.client.delete_registered_model_tag(name, "never there")
    assert registry.client.get_registered_model(name).tags == {"k.1/x y": "w"}


@pytest.mark.parametrize(
    ("key", "value"), [("k" * 251, "v"), ("../k", "v"), ("k\u00a7", "v"), ("k", "v" * 200_000)],
    ids=["long key", "path", "letters", "long value"],
)  # fmt: skip
def test_a_tag_that_is_none(registry: Registry, key: str, value: str) -> None:
    name = named(registry)
    told = {"name": name, "key": key, "value": value}
    answered = registry.call("POST", "registered-models/set-tag", told)
    assert (answered.status_code, answered.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert registry.client.get_registered_model(name).tags == {}


# Versions.


def test_versions_count_up_and_never_come_back(registry: Registry) -> None:
    name = named(registry)
    assert [version(registry, name) for _ in range(3)] == ["1", "2", "3"]
    registry.client.delete_model_version(name, "3")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        registry.client.get_model_version(name, "3")
    assert version(registry, name) == "4"
    registry.client.delete_model_version(name, "4")
    latest = registry.client.get_registered_model(name).latest_versions
    assert [one.version for one in latest] == ["2"]


def test_a_version_tells_what_it_was_told(registry: Registry) -> None:
    name, run = named(registry), "f45dc37412544919bff7694edb886984"
    made = registry.client.create_model_version(
        name, SOURCE, run, tags={"k": "v"}, run_link="https://ci.example/1", description="v1"
    )
    read = registry.client.get_model_version(name, "1")
    for one in (made, read):
        assert (one.name, one.version, one.current_stage) == (name, "1", "None")
        assert (one.source, one.run_id, one.run_link) == (SOURCE, run, "https://ci.example/1")
        assert (one.tags, one.description, one.status) == ({"k": "v"}, "v1", "READY")
        assert isinstance(one.creation_timestamp, int)


def test_a_version_without_more_is_told_plainly(registry: Registry) -> None:
    name = named(registry)
    told = {"name": name, "source": SOURCE}
    answer_ = registry.call("POST", "model-versions/create", told).json()["model_version"]
    assert {"tags", "aliases"} & set(answer_) == set()
    assert (answer_["description"], answer_["run_link"], answer_["version"]) == ("", "", "1")


def test_a_version_is_described_and_tagged(registry: Registry) -> None:
    name = named(registry)
    version(registry, name)
    registry.client.update_model_version(name, "1", "第二次训练")
    registry.client.set_model_version_tag(name, "1", "k", "v")
    registry.client.set_model_version_tag(name, "1", "gone", "v")
    registry.client.delete_model_version_tag(name, "1", "gone")
    read = registry.client.get_model_version(name, "1")
    assert (read.description, read.tags) == ("第二次训练", {"k": "v"})


def test_a_new_version_touches_its_name(registry: Registry) -> None:
    name = named(registry)
    before = registry.client.get_registered_model(name).last_updated_timestamp
    version(registry, name)
    after = registry.client.get_registered_model(name).last_updated_timestamp
    assert after > before


@pytest.mark.parametrize("number", ["abc", "1.0", ""])
def test_a_version_that_is_no_number(registry: Registry, number: str) -> None:
    told = {"name": named(registry), "version": number}
    answered = registry.call("GET", "model-versions/get", told)
    assert answered.json()["error_code"] == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("number", ["-1", "0", "7"])
def test_a_number_that_no_version_has(registry: Registry, number: str) -> None:
    told = {"name": named(registry), "version": number}
    answered = registry.call("GET", "model-versions/get", told)
    assert answered.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_the_files_of_a_version(registry: Registry) -> None:
    name = named(registry)
    version(registry, name)
    assert registry.client.get_model_version_download_uri(name, "1") == SOURCE
    with refused("RESOURCE_DOES_NOT_EXIST"):
        registry.client.get_model_version_download_uri(name, "2")


def test_a_version_is_copied(registry: Registry) -> None:
    name, other = named(registry), registry.name("other")
    version(registry, name, tags={"k": "v"}, description="v1")
    copied = registry.client.copy_model_version(f"models:/{name}/1", other)
    assert (copied.name, copied.version, copied.source) == (other, "1", f"models:/{name}/1")
    assert (copied.tags, copied.description) == ({"k": "v"}, "v1")
    assert registry.client.get_model_version_download_uri(other, "1") == SOURCE


def test_a_copy_of_nothing(registry: Registry) -> None:
    told = {"name": named(registry), "source": "models:/nothing-here/7"}
    answered = registry.call("POST", "model-versions/create", told)
    assert answered.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_a_version_that_would_be_its_own_copy(registry: Registry) -> None:
    name = named(registry)
    told = {"name": name, "source": f"models:/{name}/1"}
    answered = registry.call("POST", "model-versions/create", told)
    assert answered.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert registry.client.search_model_versions(f"name='{name}'") == []


# Aliases.


def test_an_alias_is_set_moved_and_deleted(registry: Registry) -> None:
    name = named(registry)
    version(registry, name)
    version(registry, name)
    registry.client.set_registered_model_alias(name, "shadow", "1")
    registry.client.set_registered_model_alias(name, "blue-green_1", "1")
    assert registry.client.get_model_version_by_alias(name, "shadow").version == "1"
    assert sorted(registry.client.get_model_version(name, "1").aliases) == [
        "blue-green_1", "shadow",
    ]  # fmt: skip
    registry.client.set_registered_model_alias(name, "shadow", "2")
    assert registry.client.get_registered_model(name).aliases == {
        "blue-green_1": "1", "shadow": "2",
    }  # fmt: skip
    registry.client.delete_registered_model_alias(name, "shadow")
    with refused("INVALID_PARAMETER_VALUE", "not found"):
        registry.client.get_model_version_by_alias(name, "shadow")
    registry.client.set_registered_model_alias(name, "shadow", "1")
    assert registry.client.get_model_version_by_alias(name, "shadow").version == "1"


def test_a_deleted_version_takes_its_aliases_along(registry: Registry) -> None:
    name = named(registry)
    version(registry, name)
    registry.client.set_registered_model_alias(name, "shadow", "1")
    registry.client.delete_model_version(name, "1")
    assert registry.client.get_registered_model(name).aliases == {}


def test_latest_is_the_highest_version(registry: Registry) -> None:
    name = named(registry)
    version(registry, name)
    version(registry, name)
    assert registry.client.get_model_version_by_alias(name, "latest").version == "2"


@pytest.mark.parametrize("alias", ["latest", "LATEST", "v3", "V3", "a b", "a/b", "a" * 256, ""])
def test_an_alias_that_is_none(registry: Registry, alias: str) -> None:
    name = named(registry)
    version(registry, name)
    told = {"name": name, "alias": alias, "version": "1"}
    answered = registry.call("POST", "registered-models/alias", told)
    assert (answered.status_code, answered.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_an_alias_for_a_version_that_is_not(registry: Registry) -> None:
    name = named(registry)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        registry.client.set_registered_model_alias(name, "shadow", "1")


# Stages.


def test_stages(registry: Registry) -> None:
    name = named(registry)
    for _ in range(3):
        version(registry, name)
    moved = registry.client.transition_model_version_stage(name, "1", "staging")
    assert moved.current_stage == "Staging"
    registry.client.transition_model_version_stage(name, "2", "Staging", True)
    stages = [registry.client.get_model_version(name, str(n)).current_stage for n in (1, 2, 3)]
    assert stages == ["Archived", "Staging", "None"]
    latest = registry.client.get_latest_versions(name)
    assert {one.current_stage: one.version for one in latest} == {
        "Archived": "1", "Staging": "2", "None": "3",
    }  # fmt: skip
    only = registry.client.get_latest_versions(name, ["Staging"])
    assert [one.version for one in only] == ["2"]
    assert registry.client.get_latest_versions(name, ["Production"]) == []


def test_a_stage_that_is_none(registry: Registry) -> None:
    name = named(registry)
    version(registry, name)
    told = {"name": name, "version": "1", "stage": "Canary", "archive_existing_versions": False}
    answered = registry.call("POST", "model-versions/transition-stage", told)
    assert (answered.status_code, answered.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_nothing_is_archived_into_the_archive(registry: Registry) -> None:
    name = named(registry)
    version(registry, name)
    told = {"name": name, "version": "1", "stage": "None", "archive_existing_versions": True}
    answered = registry.call("POST", "model-versions/transition-stage", told)
    assert answered.json()["error_code"] == answer(
        registry, "archive into None", "INVALID_PARAMETER_VALUE"
    )


# The form of calls.


def test_an_unknown_call(registry: Registry) -> None:
    answered = registry.call("GET", "registered-models/nothing")
    assert answered.status_code == 404
    if registry.kind == "mingce":
        assert answered.json()["error_code"] == "ENDPOINT_NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "call", "lacks"),
    [
        ("GET", "registered-models/get", "name"),
        ("POST", "registered-models/create", "name"),
        ("POST", "registered-models/rename", "name"),
        ("PATCH", "registered-models/update", "name"),
        ("DELETE", "registered-models/delete", "name"),
        ("POST", "registered-models/set-tag", "name"),
        ("DELETE", "registered-models/delete-tag", "name"),
        ("POST", "registered-models/alias", "name"),
        ("GET", "registered-models/alias", "name"),
        ("DELETE", "registered-models/alias", "name"),
        ("POST", "registered-models/get-latest-versions", "name"),
        ("POST", "model-versions/create", "name"),
        ("GET", "model-versions/get", "name"),
        ("PATCH", "model-versions/update", "name"),
        ("POST", "model-versions/transition-stage", "name"),
        ("DELETE", "model-versions/delete", "name"),
        ("GET", "model-versions/get-download-uri", "name"),
        ("POST", "model-versions/set-tag", "name"),
        ("DELETE", "model-versions/delete-tag", "name"),
    ],
)
def test_a_call_without_its_parameter(
    registry: Registry, method: str, call: str, lacks: str
) -> None:
    answered = registry.call(method, call, {})
    assert (answered.status_code, answered.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert f"'{lacks}'" in answered.json()["message"]


@pytest.mark.parametrize("told", [{"name": 5}, {"name": ["a"]}, {"name": {"a": 1}}])
def test_a_name_of_another_kind(registry: Registry, told: Any) -> None:
    answered = registry.call("POST", "registered-models/create", told)
    assert (answered.status_code, answered.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_fields_in_either_spelling(registry: Registry) -> None:
    name, other = named(registry), registry.name("other")
    told = {"name": name, "newName": other, "unknown_field": 1}
    answered = registry.call("POST", "registered-models/rename", told)
    assert answered.status_code == answer(registry, "humps", 200)


def test_a_field_in_both_spellings(registry: Registry) -> None:
    name = named(registry)
    told = {"name": name, "new_name": "x", "newName": "y"}
    answered = registry.call("POST", "registered-models/rename", told)
    assert answered.status_code == 400


def test_a_body_that_is_no_json(registry: Registry) -> None:
    answered = registry.call(
        "POST", "registered-models/create", data=b"name=x",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert answered.status_code == 400


def test_every_wanted_difference_is_used() -> None:
    """The table holds no difference that no test looks at."""
    suites = Path(__file__).parent.glob("test_*.py")
    source = "".join(one.read_text(encoding="utf-8") for one in suites)
    assert [key for key in WANTED if f'"{key}"' not in source] == []
