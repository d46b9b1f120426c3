"""Exact SHAP of a scorecard: known answers, what its file and the sample must be, its limits."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from governance.reviews.rules import importances, scorecards
from registry.core.errors import DomainError


def card(**change: Any) -> dict[str, Any]:
    """Two variables: a number in two bins, a category in two."""
    number = {
        "name": "age", "kind": "number", "coefficient": 2.0,
        "bins": [{"below": 30, "woe": -1.0}, {"below": None, "woe": 1.0}],
    }  # fmt: skip
    category = {
        "name": "home", "kind": "category", "coefficient": -0.5,
        "bins": [{"values": ["own"], "woe": 0.4}, {"values": ["rent", "free"], "woe": -0.4}],
    }  # fmt: skip
    told = {"format": scorecards.FORMAT, "intercept": 0.25, "variables": [number, category]}
    return told | change


def variable(**change: Any) -> dict[str, Any]:
    """The card with its first variable changed."""
    told = card()
    told["variables"][0] |= change
    return told


def read(told: object) -> scorecards.Scorecard:
    return scorecards.read(json.dumps(told).encode())


def lines(rows: Iterable[str], header: str = "age,home") -> list[str]:
    return [f"{one}\n" for one in (header, *rows)]


def computed(rows: list[str], header: str = "age,home") -> scorecards.Computed:
    sample = scorecards.read_sample(read(card()), lines(rows, header))
    return scorecards.attribute(read(card()), sample, "seed", lambda done: None)


# 15 rows of 20, 5 of 60; 10 own, 10 rent. By hand: mean WoE of age −0.5, its mean absolute
# distance (15 × 0.5 + 5 × 1.5) / 20 = 0.75, × 2 = 1.5; of home mean 0, distance 0.4, × 0.5 = 0.2.
ROWS = [f"{20 if at < 15 else 60},{'own' if at % 2 else 'rent'}" for at in range(20)]


def test_the_importance_is_the_mean_absolute_shap_value() -> None:
    found = computed(ROWS)
    assert dict(found.values) == {"age": pytest.approx(1.5), "home": pytest.approx(0.2)}
    assert found.base_value == pytest.approx(0.25 + 2 * -0.5)
    assert (found.sample.rows, found.sample.unknown, found.stability) == (20, 0, None)


def test_columns_stand_in_any_order_beside_others() -> None:
    turned = ["x," + ",".join(reversed(row.split(","))) for row in ROWS]
    assert computed(turned, "name,home,age").values == computed(ROWS).values


def test_the_values_and_the_base_add_up_to_the_score_of_each_row() -> None:
    told, found = card(), computed(ROWS)
    woes = np.array([[-1.0 if r[:2] == "20" else 1.0, 0.4 if "own" in r else -0.4] for r in ROWS])
    weights = np.array([one["coefficient"] for one in told["variables"]])
    shap = weights * (woes - woes.mean(axis=0))
    assert np.abs(shap).mean(axis=0) == pytest.approx([value for _name, value in found.values])
    assert shap.sum(axis=1) + found.base_value == pytest.approx(told["intercept"] + woes @ weights)


@pytest.mark.parametrize(
    ("cell", "place"),
    [("29.99", 0), ("30", 1), ("0", 0), ("1e9", 1), ("-1", None), (" 40 ", 1)],
)
def test_a_number_lies_below_the_open_end_of_its_bin(cell: str, place: int | None) -> None:
    assert read(card()).variables[0].place(cell) == place


def test_a_number_beyond_the_last_end_has_no_bin() -> None:
    closed = variable(bins=[{"below": 30, "woe": -1.0}, {"below": 60, "woe": 1.0}])
    assert read(closed).variables[0].place("60") is None


def test_a_value_without_a_bin_counts_in_the_worst_one() -> None:
    """As the scorecard scores it; how many there were is told."""
    found = computed([*ROWS[:-1], "-5,boat"])
    worst = computed([*ROWS[:-1], "20,rent"])
    assert (found.values, found.sample.unknown) == (worst.values, 2)


def three(rows: int) -> tuple[scorecards.Scorecard, list[str]]:
    """Three variables, two of them nearly as important as each other, so that ranks may turn."""
    bins = [{"below": 1, "woe": -1.0}, {"below": None, "woe": 1.0}]
    told = [
        {"name": name, "kind": "number", "coefficient": weight, "bins": bins}
        for name, weight in (("a", 1.0), ("b", 1.001), ("c", 0.1))
    ]
    cells = [f"{at % 2},{at // 2 % 2},{at // 4 % 2}" for at in range(rows)]
    return read(card(variables=told)), lines(cells, "a,b,c")


def test_the_stability_is_the_mean_rank_correlation_of_the_repeats() -> None:
    """Three ranks: two repeats agree (1) or two neighbours have changed places (0.5)."""
    told, cells = three(40)
    sample = scorecards.read_sample(told, cells)
    found = scorecards.attribute(told, sample, "seed", lambda done: None)
    orders = Counter[bool]()
    for rows in scorecards._repeats(40, "seed"):
        picked = np.array([[float(c) * 2 - 1 for c in cells[1 + at].split(",")] for at in rows])
        effect = np.abs(picked - picked.mean(axis=0)).mean(axis=0) * [1.0, 1.001, 0.1]
        assert effect[2] == effect.min()
        orders[bool(effect[0] > effect[1])] += 1
    same = sum(count * (count - 1) / 2 for count in orders.values())
    assert len(orders) == 2  # else it would prove nothing
    assert found.stability == pytest.approx((same + 0.5 * (190 - same)) / 190)


def test_the_same_seed_gives_the_same_answer() -> None:
    told, cells = three(40)
    sample = scorecards.read_sample(told, cells)
    answers = [
        scorecards.attribute(told, sample, seed, lambda done: None).stability
        for seed in ("one", "one", "two")
    ]
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


def test_progress_is_told_after_each_variable() -> None:
    told: list[int] = []
    sample = scorecards.read_sample(read(card()), lines(ROWS))
    scorecards.attribute(read(card()), sample, "seed", told.append)
    assert told == [1, 2]


def test_what_is_written_is_read_again() -> None:
    content = scorecards.written(computed(ROWS), {"sample_sha256": "abc"})
    found = importances.read("shap.json", content)
    assert found.tool == "shap"
    assert [(name, round(share, 9)) for name, share in found.shares] == [
        ("age", round(1.5 / 1.7, 9)), ("home", round(0.2 / 1.7, 9)),
    ]  # fmt: skip
    told = json.loads(content)
    assert (told["fidelity"], told["stability"], told["rows"], told["sample_sha256"]) == (
        1.0, None, 20, "abc",
    )  # fmt: skip


ran: list[str] = []


class Bomb:
    """A pickle that does something when it is opened."""

    def __reduce__(self) -> Any:
        return ran.append, ("boom",)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a pickle", pickle.dumps(Bomb()), "artifact_format"),
        ("a pickle as text", pickle.dumps(Bomb(), protocol=0), "artifact_format"),
        ("no JSON", b"{", "artifact_format"),
        ("JSON that is no object", b"[]", "artifact_format"),
        ("deep JSON", b"[" * 100_000, "artifact_format"),
        ("another format", json.dumps(card(format="onnx")).encode(), "artifact_format"),
        ("no format", b"{}", "artifact_format"),
        ("too large", b" " * (scorecards.MOST_ARTIFACT_BYTES + 1), "artifact_too_large"),
        ("NaN", json.dumps(card(intercept=float("nan"))).encode(), "artifact_invalid"),
        ("text for a number", json.dumps(card(intercept="1")).encode(), "artifact_invalid"),
        ("beyond all reason", json.dumps(card(intercept=1e300)).encode(), "artifact_invalid"),
        ("no variables", json.dumps(card(variables=[])).encode(), "artifact_invalid"),
        ("no bins", json.dumps(variable(bins=[])).encode(), "artifact_invalid"),
        ("named twice", json.dumps(variable(name="home")).encode(), "artifact_invalid"),
        ("bins out of order", json.dumps(
            variable(bins=[{"below": 5, "woe": 0.0}, {"below": 5, "woe": 1.0}])
        ).encode(), "artifact_invalid"),
        ("NaN for an end", json.dumps(
            variable(bins=[{"below": float("nan"), "woe": 0.0}, {"below": None, "woe": 1.0}])
        ).encode(), "artifact_invalid"),
        ("an open bin before others", json.dumps(
            variable(bins=[{"below": None, "woe": 0.0}, {"below": 5, "woe": 1.0}])
        ).encode(), "artifact_invalid"),
    ],
)  # fmt: skip
def test_a_model_file_that_is_not_whole_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        scorecards.read(content)
    assert (caught.value.code, caught.value.field) == (code, "artifact")
    assert caught.value.hint
    assert ran == []


def test_the_place_of_the_fault_is_named() -> None:
    with pytest.raises(DomainError, match=r"variables\.0\.coefficient"):
        read(variable(coefficient=None))


@pytest.mark.parametrize(
    ("name", "text", "code", "part"),
    [
        ("a column is missing", lines(ROWS, "age,house"), "sample_columns", "home"),
        ("a column stands twice", lines([f"{r},1" for r in ROWS], "age,home,age"),
         "sample_columns", "age"),
        ("nothing", [], "sample_columns", "age, home"),
        ("NaN", lines([*ROWS, "NaN,own"]), "sample_value", "Row 21, column “age”: “NaN”"),
        ("infinity", lines([*ROWS, "inf,own"]), "sample_value", "“inf”"),
        ("no number", lines([*ROWS, "old,own"]), "sample_value", "“old”"),
        ("an empty number", lines([*ROWS, ",own"]), "sample_value", "“”"),
        ("an empty category", lines([*ROWS, "20,"]), "sample_value", "“home”"),
        ("NaN for a category", lines([*ROWS, "20,nan"]), "sample_value", "“home”"),
        ("a cell too many", lines([*ROWS, "20,own,1"]), "sample_row", "Row 21 has 3"),
        ("a cell too few", lines([*ROWS, "20"]), "sample_row", "Row 21 has 1"),
        ("too few rows", lines(ROWS[:-1]), "sample_rows", "20 to 100000"),
        ("an open quotation mark", lines([*ROWS, '"' + "x" * 200_000]), "sample_unreadable", "CSV"),
        ("every row alike", lines(["20,own"] * 20), "no_importance", "No variable"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_sample_is_named(
    name: str, text: list[str], code: str, part: str
) -> None:
    told = read(card())
    with pytest.raises(DomainError) as caught:
        scorecards.attribute(told, scorecards.read_sample(told, text), "seed", lambda done: None)
    assert (caught.value.code, caught.value.field) == (code, "sample")
    assert part in str(caught.value)
    assert caught.value.hint


def test_a_sample_is_read_no_further_than_its_most_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorecards, "MOST_CELLS", 60)  # thirty rows of two
    taken: list[int] = []

    def endless() -> Iterable[str]:
        yield "age,home\n"
        while True:
            taken.append(1)
            yield "20,own\n"

    with pytest.raises(DomainError) as caught:
        scorecards.read_sample(read(card()), endless())
    assert (caught.value.code, len(taken)) == ("sample_rows", 31)
    allowed = scorecards.read_sample(read(card()), lines(["20,own"] * 30))
    assert allowed.rows == 30


def test_bytes_that_are_no_text_are_refused() -> None:
    def broken() -> Iterable[str]:
        yield "age,home\n"
        yield b"\xff".decode()

    with pytest.raises(DomainError) as caught:
        scorecards.read_sample(read(card()), broken())
    assert caught.value.code == "sample_unreadable"
