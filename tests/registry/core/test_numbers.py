"""Any JSON that a client may send is recorded as the database gives it back."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some

from registry.catalogue import services as catalogue
from registry.catalogue.models import ModelVersion
from registry.catalogue.services import NewModel, NewVersion
from registry.core.errors import DomainError
from registry.core.ledger import queries, rules
from registry.core.ledger import services as ledger
from tests.refusals import refused
from tests.world import head_office, person

TEXTS = some.text(some.characters(codec="utf-8", exclude_characters="\x00"))
NUMBERS = some.integers() | some.floats(allow_nan=False, allow_infinity=False)
VALUES = some.recursive(
    some.none() | some.booleans() | NUMBERS | TEXTS,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
NUMBER = count()


def register(metrics: dict[str, Any]) -> ModelVersion:
    """A version with these metrics, of a model of its own."""
    wang, place = person("wang"), next(NUMBER)
    model = catalogue.register_model(
        actor=wang, model=NewModel(name_zh=f"数{place}", entity=head_office(), owner=wang)
    )
    told = NewVersion("1.0.0", "artifact", digest=f"{place:064x}", metrics=metrics)
    version = catalogue.register_version(actor=person("li"), model=model, version=told)
    connection.check_constraints()
    return version


@pytest.mark.django_db
@hypothesis_settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(metrics=some.dictionaries(TEXTS, VALUES, max_size=5))
def test_whatever_metrics_are_registered_the_row_is_as_its_entry_says(
    metrics: dict[str, Any],
) -> None:
    version = register(metrics)
    row, recorded, body = queries.last_state(ModelVersion, version.pk)
    assert (recorded, queries.altered_columns(row, body)) == (1, [])
    assert dict(queries.compared(ModelVersion, None))[version.pk] is True


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a large whole number", 1e16),
        ("a number beyond the integers of a float", 1e300),
        ("a whole number of many digits", 123456789012345680.0),
        ("a negative zero", -0.0),
        ("a number without a remainder", 1.0),
        ("a tenth", 0.1),
        ("the smallest number", 5e-324),
        ("the largest number", 1.7976931348623157e308),
    ],
)
def test_honest_numbers_raise_no_fault(
    name: str, value: float, tmp_path: Path, settings: Any
) -> None:
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"  # those of other tests' ledgers lie elsewhere
    register({"tokens": value, "list": [value, {"z": value}]})
    assert ledger.verify().faults == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("a whole number is an integer", 1e16, "10000000000000000"),
        ("its digits are those of its spelling", 1e23, "1" + "0" * 23),
        ("zero has no sign", -0.0, "0"),
        ("a fraction", 0.1, "0.1"),
        ("a small fraction", 1e-7, "1e-07"),
    ],
)
def test_a_number_has_one_spelling(name: str, value: float, expected: str) -> None:
    assert rules.canonical(value) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_of_json_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="is no number of JSON"):
        rules.canonical({"a": [value]})


@given(value=VALUES)
def test_canonical_json_is_its_own_canonical_form(value: Any) -> None:  # Any: JSON
    told = rules.canonical(value)
    assert rules.canonical(json.loads(told)) == told


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["manifest", "metrics"])
def test_what_a_version_tells_has_at_most_64_kb_in_each_field(name: str) -> None:
    wang = person("wang")
    model = catalogue.register_model(
        actor=wang, model=NewModel(name_zh="大", entity=head_office(), owner=wang)
    )
    most = "明" * ((64 * 1024 - len('{"a":""}')) // 3)
    for text, label in ((most, "1"), (most + "明", "2")):
        told = NewVersion(label, "artifact", digest=label * 64, **{name: {"a": text}})  # type: ignore[arg-type]  # one of two fields
        if label == "1":
            catalogue.register_version(actor=person("li"), model=model, version=told)
            continue
        with refused(DomainError, "too_large") as refusal:
            catalogue.register_version(actor=person("li"), model=model, version=told)
        assert (refusal.value.field, refusal.value.status) == (f"versions[0].{name}", 413)
