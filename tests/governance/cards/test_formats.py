"""A card written in a format and read again is the card, as far as the format holds it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]  # none
from spdx_python_model import v3_0_1 as spdx_model

from governance.cards import rules
from governance.cards.rules import Card, Dataset, Figure, Format, google, huggingface, spdx
from registry.core.errors import DomainError
from tests.governance.cards.google_schema import MODEL_CARD
from tests.governance.cards.whole import CARDS, WHOLE


def same(card: Card) -> Card:
    return card


HELD: dict[Format, Callable[[Card], Card]] = {
    Format.HUGGINGFACE: huggingface.held,
    Format.CYCLONEDX_1_6: same,
    Format.CYCLONEDX_1_7: same,
    Format.SPDX: spdx.held,
    Format.GOOGLE: google.held,
}
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
VALIDATORS = {
    Format.CYCLONEDX_1_6: JsonStrictValidator(SchemaVersion.V1_6),
    Format.CYCLONEDX_1_7: JsonStrictValidator(SchemaVersion.V1_7),
}


@pytest.mark.parametrize("kind", list(Format))
def test_a_whole_card_comes_back(kind: Format) -> None:
    told = rules.read(rules.write(WHOLE, kind))
    assert told == rules.Told(kind, HELD[kind](WHOLE))


@pytest.mark.parametrize("kind", list(Format))
def test_an_empty_card_comes_back(kind: Format) -> None:
    card = Card(name="m", made_on="2026-01-01")
    assert rules.read(rules.write(card, kind)).card == HELD[kind](card)


@pytest.mark.parametrize("kind", [one for one in Format if one != Format.CYCLONEDX_1_7])
def test_any_card_comes_back(kind: Format) -> None:
    @FEW
    @given(CARDS)
    def check(card: Card) -> None:
        assert rules.read(rules.write(card, kind)).card == HELD[kind](card)

    check()


@pytest.mark.parametrize("kind", VALIDATORS)
def test_cyclonedx_is_valid_by_its_strict_schema(kind: Format) -> None:
    @settings(FEW, max_examples=5)
    @given(CARDS)
    def check(card: Card) -> None:
        assert VALIDATORS[kind].validate_str(rules.write(card, kind).decode()) is None

    check()
    assert VALIDATORS[kind].validate_str(rules.write(WHOLE, kind).decode()) is None


def test_the_hub_reads_the_front_matter() -> None:
    card: Any = ModelCard(rules.write(WHOLE, Format.HUGGINGFACE).decode())
    data = card.data
    assert data.model_name == WHOLE.name
    assert data.base_model == ["org/base"]
    assert data.datasets == ["german_credit", "holdout"]
    assert data.pipeline_tag == "tabular-classification"
    found = [(one.metric_type, one.metric_value, one.dataset_name) for one in data.eval_results]
    assert found == [("auc", 0.79, "all"), ("ks", 0.4012, "age < 25")]


def test_the_hub_takes_any_front_matter() -> None:
    @settings(FEW, max_examples=5)
    @given(CARDS)
    def check(card: Card) -> None:
        ModelCard(rules.write(card, Format.HUGGINGFACE).decode())

    check()


def spdx_objects(card: Card) -> Any:
    document = json.loads(rules.write(card, Format.SPDX))
    objects = spdx_model.SHACLObjectSet()
    spdx_model.JSONLDDeserializer().deserialize_data(document, objects)
    return objects


def test_spdx_is_read_by_the_official_bindings() -> None:
    objects = spdx_objects(WHOLE)
    assert objects.link() == set()
    (package,) = [one for one in objects.foreach_type("ai_AIPackage") if one.name == WHOLE.name]
    assert package.software_packageVersion == "1.0.0"
    metrics = [(one.key, one.value) for one in package.ai_metric]
    assert metrics == [("auc", "0.79"), ("ks", "0.4012")]
    assert package.ai_autonomyType.endswith("/yes")
    relations = [one.relationshipType for one in objects.foreach_type("Relationship")]
    assert sorted(one.rpartition("/")[2] for one in relations) == [
        "descendantOf", "hasDeclaredLicense", "hasDeclaredLicense", "testedOn", "trainedOn",
    ]  # fmt: skip


def test_spdx_is_valid_by_the_official_bindings() -> None:
    @settings(FEW, max_examples=5)
    @given(CARDS)
    def check(card: Card) -> None:
        objects = spdx_objects(card)
        spdx_model.JSONLDSerializer().serialize_data(objects)

    check()


def test_google_is_valid_by_its_documented_fields() -> None:
    validator = Draft202012Validator(MODEL_CARD)

    @settings(FEW)
    @given(CARDS)
    def check(card: Card) -> None:
        validator.validate(google.write(card))

    check()
    whole = google.write(WHOLE)
    validator.validate(whole)
    assert set(whole) == set(MODEL_CARD["properties"])
    with pytest.raises(ValidationError):
        validator.validate(whole | {"tier": "II"})


HUB = """---
license: apache-2.0
datasets: [imdb]
base_model: distilbert-base-uncased
model-index:
- name: distilbert
  results:
  - task: {type: text-classification}
    dataset: {type: imdb, name: IMDB}
    metrics:
    - {type: accuracy, value: 0.93}
---
# Title

## Intended uses

Sentiment of film reviews,
in English.

### Limitations and bias

* Trained on films.
* Knows `<b>`.
"""


def test_a_card_of_the_hub_is_read() -> None:
    card = rules.read(HUB.encode()).card
    assert card == Card(
        name="distilbert",
        licences=("Apache-2.0",),
        datasets=(Dataset("imdb"),),
        base_models=("distilbert-base-uncased",),
        figures=(Figure("accuracy", "0.93", "IMDB"),),
        use_cases=("Sentiment of film reviews, in English.",),
        limitations=("Trained on films.", "Knows `<b>`."),
    )


FRONT = b"---\nlicense: mit\n---\n"


@pytest.mark.parametrize(
    ("case", "content", "field"),
    [
        ("a heading of blanks", FRONT + b"# a" + b" " * 900_000 + b"b", "#"),
        ("a list of letters", b"---\ntags: [" + b"a," * 190_000 + b"a]\n---\n", "file"),
        ("a long front", b"---\ntags: [" + b"a," * 450_000 + b"a]\n---\n", "---"),
        ("a paragraph of lines", FRONT + b"## Limitations\n" + b"a\n" * 490_000, "README.md"),
        ("a long paragraph", FRONT + b"## Limitations\n" + b"ab\n" * 19_000, "limitations[0]"),
        ("a long section", FRONT + b"## Model Description\n" + b"ab\n\n" * 9_000, "overview"),
        ("many items", FRONT + b"## Limitations\n" + b"- a\n" * 501, "limitations"),
        ("deep", b"---\ntags: " + b"[" * 190_000 + b"\n---\n", "file"),
        ("an alias", b"---\ntags: &a [b]\nlicense: *a\n---\n", "file"),
    ],
)
def test_a_card_of_the_hub_that_would_choke_a_reader_is_refused_at_once(
    case: str, content: bytes, field: str
) -> None:
    began = time.process_time()
    with pytest.raises(DomainError) as caught:
        rules.read(content)
    assert (caught.value.code, caught.value.field) == ("card_unreadable", field)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("unseen", ["\u202e", "\u200b", "\u2066", "\u00ad", "\u3164"])
@pytest.mark.parametrize("kind", list(Format))
def test_a_card_that_reads_otherwise_than_it_is_is_refused(kind: Format, unseen: str) -> None:
    card = Card(name=f"score{unseen}card", made_on="2026-01-01")
    with pytest.raises(DomainError, match="hide or turn") as caught:
        rules.read(rules.write(card, kind))
    assert caught.value.code == "card_unreadable"


@pytest.mark.parametrize("told", ["- a\u202eb", "- a&#x202e;b", "a\n\u200bb"])
def test_a_body_that_reads_otherwise_than_it_is_is_refused(told: str) -> None:
    with pytest.raises(DomainError, match="hide or turn") as caught:
        rules.read(FRONT + f"## Limitations\n{told}\n".encode())
    assert caught.value.field == "limitations[0]"


def test_headings_and_paragraphs_are_read_as_they_are_written() -> None:
    body = "#\tName\n## Limitations \t\n\nfirst\nline\n\n\nsecond\n- third\n  line\n#\nnobody's\n"
    card = rules.read(FRONT + body.encode()).card
    assert card.limitations == ("first line", "second", "third line")
