"""Applications together with what the committed scorecard says about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any  # the artifact is a JSON document

import numpy as np
import numpy.typing as npt
from score import Verdict, find_bin, score

Row = Mapping[str, str]
Artifact = Mapping[str, Any]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

DECISIONS = {
    "approve": "自动通过 approve",
    "refer": "转人工 refer to a person",
    "propose_decline": "建议拒绝,须人工确认 decline proposed, a person confirms",
}


@dataclass(frozen=True)
class Sample:
    """Scored applications; the arrays run parallel to the rows."""

    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    bad: Flags
    probability: Floats
    points: Ints
    decision: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.rows)


def score_all(artifact: Artifact, rows: Sequence[Row]) -> Sample:
    """Every row scored by the same code that a decision system would run."""
    verdicts = tuple(score(artifact, row) for row in rows)
    return Sample(
        rows=tuple(rows),
        verdicts=verdicts,
        bad=np.array([row.get("outcome") == "bad" for row in rows], dtype=np.bool_),
        probability=np.array([v.probability_bad for v in verdicts], dtype=np.float64),
        points=np.array([v.points for v in verdicts], dtype=np.int64),
        decision=np.array([v.decision for v in verdicts], dtype=np.str_),
    )


def bin_indexes(variable: Mapping[str, Any], rows: Sequence[Row]) -> Ints:
    """For each row the number of its bin in the variable, -1 where the value is unknown."""
    bins = variable["bins"]
    found = (find_bin(variable, row.get(variable["name"])) for row in rows)
    return np.array([bins.index(b) if b else -1 for b in found], dtype=np.int64)


def woe_matrix(variables: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> Floats:
    """One row for each application, one column of weights of evidence for each variable."""
    columns = []
    for variable in variables:
        woes = [b["woe"] for b in variable["bins"]]
        columns.append(np.array([*woes, min(woes)])[bin_indexes(variable, rows)])
    return np.column_stack(columns)


def bin_label(entry: Mapping[str, Any], previous: Mapping[str, Any] | None) -> str:
    """A bin in words: its categories, or its range of numbers."""
    if entry["values"]:
        return " / ".join(entry["values"])
    low = f"{previous['below']:g} ≤ " if previous else ""
    return f"{low}x < {entry['below']:g}" if entry["below"] is not None else f"{low}x"
