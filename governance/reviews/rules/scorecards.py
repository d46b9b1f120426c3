"""A scorecard's own file, and what each variable contributes to the score: exact SHAP. Pure.

A scorecard is linear in the weights of evidence (WoE) of its bins. The SHAP value of a variable
then has a closed form (Lundberg and Lee 2017, “Linear SHAP”, variables taken as independent):
coefficient × (WoE of the case − mean WoE of the sample), in log-odds. Nothing is drawn at random
but the repeats by which the stability of the ranking is judged.
"""

from __future__ import annotations

import csv
import json
import math
import random
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from governance.reviews.rules.importances import rank_correlation
from registry.core.errors import DomainError

FORMAT = "mingce-demo-scorecard/1"
MOST_ARTIFACT_BYTES = 5 * 1024 * 1024
MOST_SAMPLE_BYTES = 50 * 1024 * 1024
LEAST_ROWS = 20
MOST_ROWS = 100_000
MOST_CELLS = 5_000_000  # rows × variables
REPEATS = 20

_Number = Annotated[float, Field(ge=-1e6, le=1e6)]


class _Read(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class _Bin(_Read):
    woe: _Number
    values: tuple[str, ...] = ()
    below: float | None = None


class _Variable(_Read):
    name: str = Field(min_length=1, max_length=200)
    kind: Literal["number", "category"]
    coefficient: _Number
    bins: tuple[_Bin, ...] = Field(min_length=1, max_length=1_000)


class _Artifact(_Read):
    format: Literal["mingce-demo-scorecard/1"]
    intercept: _Number
    variables: tuple[_Variable, ...] = Field(min_length=1, max_length=500)


@dataclass(frozen=True)
class Variable:
    """A characteristic: the WoE of its bins in their order, and which bin holds a value.

    bounds: the open upper ends of a number's bins; places: a category's value → its bin.
    """

    name: str
    coefficient: float
    woes: tuple[float, ...]
    bounds: tuple[float, ...] | None
    places: Mapping[str, int]

    @property
    def worst(self) -> int:
        """The bin that the scorecard assigns to a value it does not know."""
        return min(range(len(self.woes)), key=lambda at: self.woes[at])

    def place(self, cell: str) -> int | None:
        """The bin that holds the value; None where none does. Raises ValueError on no value."""
        if self.bounds is None:
            found = self.places.get(cell)
            if found is None and cell.strip().lower() in ("", "nan"):
                raise ValueError(cell)
            return found
        number = float(cell)
        if not math.isfinite(number):
            raise ValueError(cell)
        at = bisect_right(self.bounds, number)
        return at if number >= 0 and at < len(self.woes) else None


@dataclass(frozen=True)
class Scorecard:
    """The score of a case, in log-odds: intercept + the sum of coefficient × WoE."""

    intercept: float
    variables: tuple[Variable, ...]


@dataclass(frozen=True)
class Sample:
    """For each variable the bin of each row; unknown: how many values have no bin of their own."""

    rows: int
    columns: tuple[array[int], ...]
    unknown: int


@dataclass(frozen=True)
class Computed:
    """values: variable → mean absolute SHAP value, in log-odds, in the scorecard's order.

    base_value: the mean score of the sample, in log-odds. stability: mean rank correlation
    (Spearman) between bootstrap repeats, 0 to 1; None below three variables.
    """

    values: tuple[tuple[str, float], ...]
    base_value: float
    stability: float | None
    sample: Sample


def read(content: bytes) -> Scorecard:
    """The scorecard in the file; only JSON is read, nothing is ever unpickled or run.

    Raises DomainError: `artifact_too_large`, `artifact_format`, `artifact_invalid`.
    """
    if len(content) > MOST_ARTIFACT_BYTES:
        raise DomainError(
            "artifact_too_large",
            "A model file of which importances are computed has at most %(most)s MB.",
            field="artifact",
            hint="Compute the importances with a tool of your own and hand in its file.",
            params={"most": MOST_ARTIFACT_BYTES // (1024 * 1024)},
        )
    try:
        told = _Artifact.model_validate_json(content)
    except ValidationError as error:
        raise _not_read(error) from error
    variables = tuple(_variable(one) for one in told.variables)
    twice = [name for name, count in Counter(one.name for one in variables).items() if count > 1]
    if twice:
        raise _invalid(twice[0])
    return Scorecard(told.intercept, variables)


def read_sample(card: Scorecard, lines: Iterable[str]) -> Sample:
    """The rows of the CSV, as bins of the scorecard; other columns are not kept.

    A value without a bin of its own counts in the worst one, as the scorecard scores it. Raises
    DomainError: `sample_unreadable`, `sample_columns`, `sample_row`, `sample_value`, `sample_rows`.
    """
    reader = csv.reader(lines)
    try:
        header = [name.strip() for name in next(reader, [])]
        return _rows(card, reader, len(header), _places(card, header))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DomainError(
            "sample_unreadable",
            "The sample can't be read as CSV in UTF-8.",
            field="sample",
            hint="Save it as CSV (UTF-8) with one header line.",
        ) from error


def attribute(
    card: Scorecard, sample: Sample, seed: str, progress: Callable[[int], None]
) -> Computed:
    """The variables' mean absolute SHAP values over the sample, and how stable their order is.

    seed: the same one gives the same answer; progress is told after each variable. Raises
    DomainError (`no_importance`) where no variable moves the score in this sample.
    """
    repeats = _repeats(sample.rows, seed)
    values, repeated, base = [], [], card.intercept
    for done, (one, column) in enumerate(zip(card.variables, sample.columns, strict=True), start=1):
        counts = Counter(column)
        base += one.coefficient * _mean(one, counts)
        values.append((one.name, _importance(one, counts)))
        drawn = (Counter(map(column.__getitem__, rows)) for rows in repeats)
        repeated.append([_importance(one, some) for some in drawn])
        progress(done)
    if not any(value for _name, value in values):
        raise DomainError(
            "no_importance",
            "No variable moves the score in this sample.",
            field="sample",
            hint="Hand in a sample whose rows differ.",
        )
    return Computed(tuple(values), base, _stability(list(zip(*repeated, strict=True))), sample)


def written(found: Computed, about: Mapping[str, str]) -> bytes:
    """The file that a person then judges: as `importances` reads SHAP, and how it came about."""
    told = {
        **about,
        "method": "linear_shap",
        "unit": "log-odds, mean absolute SHAP value",
        "feature_names": [name for name, _value in found.values],
        "values": [round(value, 9) for _name, value in found.values],
        "base_value": round(found.base_value, 9),
        "rows": found.sample.rows,
        "values_without_a_bin": found.sample.unknown,
        "stability": None if found.stability is None else round(found.stability, 3),
        "stability_is": f"mean rank correlation of {REPEATS} bootstrap repeats",
        "fidelity": 1.0,
        "fidelity_is": "exact by construction: of each case the SHAP values and the base value"
        " add up to its score in log-odds",
    }
    return (json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def _variable(told: _Variable) -> Variable:
    bounds = None
    if told.kind == "number":
        ends = [one.below for one in told.bins]
        bounds = tuple(end for end in ends if end is not None)
        if None in ends[:-1] or any(low >= high for low, high in pairwise(bounds)):
            raise _invalid(told.name)
    places: dict[str, int] = {}
    for at, one in enumerate(told.bins):
        for value in one.values:
            places.setdefault(value, at)
    woes = tuple(one.woe for one in told.bins)
    return Variable(told.name, told.coefficient, woes, bounds, places)


def _places(card: Scorecard, header: Sequence[str]) -> list[int]:
    """Where each variable's column stands. Raises DomainError naming those that are not there."""
    amiss = [one.name for one in card.variables if header.count(one.name) != 1]
    if amiss:
        raise DomainError(
            "sample_columns",
            "The sample needs each of these columns once: %(names)s.",
            field="sample",
            hint="The header names the columns as the scorecard does; others are left unread.",
            params={"names": ", ".join(amiss)[:400]},
        )
    return [header.index(one.name) for one in card.variables]


def _rows(
    card: Scorecard, reader: Iterator[list[str]], width: int, places: Sequence[int]
) -> Sample:
    most = min(MOST_ROWS, MOST_CELLS // len(card.variables))
    columns = tuple(array("H") for _one in card.variables)
    wanted = list(zip(card.variables, places, columns, strict=True))
    worst = [one.worst for one in card.variables]
    unknown = rows = 0
    for row in reader:
        if not row:
            continue
        rows += 1
        if len(row) != width:
            raise _row(rows, width, len(row))
        if rows > most:
            break
        for (one, at, column), bad in zip(wanted, worst, strict=True):
            found = _place(one, row[at], rows)
            unknown += found is None
            column.append(bad if found is None else found)
    if not LEAST_ROWS <= rows <= most:
        raise DomainError(
            "sample_rows",
            "A sample has %(least)s to %(most)s rows below its header.",
            field="sample",
            hint="Draw rows at random until it fits.",
            params={"least": LEAST_ROWS, "most": most},
        )
    return Sample(rows, columns, unknown)


def _place(one: Variable, cell: str, row: int) -> int | None:
    try:
        return one.place(cell)
    except ValueError as error:
        raise DomainError(
            "sample_value",
            "Row %(row)s, column “%(name)s”: “%(cell)s” is no value.",
            field="sample",
            hint="Empty cells, NaN and Infinity are not read; leave such rows out.",
            params={"row": row, "name": one.name, "cell": cell[:40]},
        ) from error


def _row(row: int, width: int, found: int) -> DomainError:
    return DomainError(
        "sample_row",
        "Row %(row)s has %(found)s cells; the header has %(width)s.",
        field="sample",
        hint="A comma inside a value needs quotation marks around it.",
        params={"row": row, "found": found, "width": width},
    )


def _repeats(rows: int, seed: str) -> list[array[int]]:
    """The rows of each bootstrap repeat, drawn with replacement: the same for the same seed."""
    draw = random.Random(seed).random  # noqa: S311 (a bootstrap, no secret)
    return [array("L", (int(draw() * rows) for _row in range(rows))) for _one in range(REPEATS)]


def _mean(one: Variable, counts: Mapping[int, int]) -> float:
    whole = sum(counts.values())
    return math.fsum(count * one.woes[at] for at, count in counts.items()) / whole


def _importance(one: Variable, counts: Mapping[int, int]) -> float:
    """Mean over the rows of |coefficient × (WoE − mean WoE)|."""
    mean, whole = _mean(one, counts), sum(counts.values())
    far = math.fsum(count * abs(one.woes[at] - mean) for at, count in counts.items())
    return abs(one.coefficient) * far / whole


def _stability(repeats: Sequence[Sequence[float]]) -> float | None:
    """The mean of the rank correlations of all pairs; below nought it is none at all."""
    pairs = (rank_correlation(old, new) for old, new in combinations(repeats, 2))
    found = [one for one in pairs if one is not None]
    return max(0.0, math.fsum(found) / len(found)) if found else None


def _not_read(error: ValidationError) -> DomainError:
    first = next((one for one in error.errors() if one["loc"] in ((), ("format",))), None)
    if first is not None:
        return DomainError(
            "artifact_format",
            "The model file is of no format that can be computed here; known: %(known)s.",
            field="artifact",
            hint="Compute the importances with a tool of your own and hand in its file.",
            params={"known": FORMAT},
        )
    return _invalid(".".join(map(str, error.errors()[0]["loc"])))


def _invalid(place: str) -> DomainError:
    return DomainError(
        "artifact_invalid",
        "The model file is not whole: see “%(place)s”.",
        field="artifact",
        hint="Numbers are finite, bins stand in their order, and each variable is named once.",
        params={"place": place[:200]},
    )
