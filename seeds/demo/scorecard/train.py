"""Retrain the demonstration scorecard and write the artifact, the evidence and the manifest.

    python seeds/demo/scorecard/train.py --out DIR

Everything is deterministic. The split follows a hash of the application id, not a random
generator, and every number is rounded before it is written or used again, so that another machine
and another library version arrive at the same bytes.
"""

import argparse
import csv
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any  # JSON documents

import numpy as np
import numpy.typing as npt
from assessment import build, manifest, reports
from assessment.sample import Floats, Row, woe_matrix
from assessment.stability import Refit

# scikit-learn ships no stubs; the project's mypy settings already know, a bare mypy does not
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]
from variables import VARIABLES, Variable

HERE = Path(__file__).resolve().parent
SEED = 20260105
VALIDATION_SHARE = 0.3
NUMERIC_START_BINS = 10
MIN_BIN_SHARE = 0.05
MIN_WOE_GAP = 0.10
MAX_BINS = 5
REGULARISATION_C, SOLVER, TOLERANCE = 1.0, "newton-cholesky", 1e-10
BASE_POINTS, BASE_ODDS, POINTS_TO_DOUBLE_ODDS = 600, 5, 20
APPROVE_FROM, PROPOSE_DECLINE_BELOW, CREDIT_AMOUNT_LIMIT = 600, 554, 5000
WOE_DECIMALS, COEFFICIENT_DECIMALS = 6, 8


@dataclass(frozen=True)
class Bin:
    """A range of a number (`below` is its open upper end) or a set of categories, with counts."""

    values: tuple[str, ...]
    below: float | None
    good: int
    bad: int

    @property
    def n(self) -> int:
        """The number of rows in the bin."""
        return self.good + self.bad


def read_rows(path: Path) -> list[Row]:
    """All applications, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Training and validation rows: 30 % of the good and of the bad, chosen by hash."""

    def rank(row: Row) -> str:
        return hashlib.sha256(f"{SEED}:{row['application_id']}".encode()).hexdigest()

    held_out: set[str] = set()
    for outcome in ("good", "bad"):
        members = sorted((r for r in rows if r["outcome"] == outcome), key=rank)
        count = round(len(members) * VALIDATION_SHARE)
        held_out |= {r["application_id"] for r in members[:count]}
    training = [r for r in rows if r["application_id"] not in held_out]
    return training, [r for r in rows if r["application_id"] in held_out]


def woe(good: int, bad: int, total_good: int, total_bad: int) -> float:
    """Weight of evidence, ln(share of the good / share of the bad); half a case added to each."""
    ratio = ((good + 0.5) / (total_good + 0.5)) / ((bad + 0.5) / (total_bad + 0.5))
    return round(math.log(ratio), WOE_DECIMALS)


def start_bins(variable: Variable, rows: Sequence[Row]) -> list[Bin]:
    """The finest bins: deciles of a number, or one bin for each category in its order."""
    if variable.numeric:
        numbers = np.array([float(r[variable.name]) for r in rows])
        ranks = [len(numbers) * i // NUMERIC_START_BINS for i in range(1, NUMERIC_START_BINS)]
        edges = sorted({float(np.sort(numbers)[rank]) for rank in ranks} - {numbers.min()})
        bounds = [-math.inf, *edges, math.inf]
        return [
            count_bin(rows, [low <= v < high for v in numbers], below=high)
            for low, high in pairwise(bounds)
        ]
    names = variable.order or tuple(sorted({r[variable.name] for r in rows}))
    bins = [count_bin(rows, [r[variable.name] == v for r in rows], (v,)) for v in names]
    return bins if variable.order else sorted(bins, key=lambda b: (-b.bad / b.n, b.values))


def count_bin(
    rows: Sequence[Row],
    inside: Sequence[bool],
    values: tuple[str, ...] = (),
    below: float = math.inf,
) -> Bin:
    """A bin with the good and the bad of the rows that lie inside it."""
    outcomes = [r["outcome"] for r, hit in zip(rows, inside, strict=True) if hit]
    limit = None if math.isinf(below) else below
    return Bin(values, limit, outcomes.count("good"), outcomes.count("bad"))


def merge_bins(bins: Sequence[Bin]) -> list[Bin]:
    """Join neighbours until each bin is large enough, distinct, and the risk runs one way."""
    merged = list(bins)
    totals = sum(b.good for b in bins), sum(b.bad for b in bins)
    while len(merged) > 2:
        woes = [woe(b.good, b.bad, *totals) for b in merged]
        at = next_merge(merged, woes, sum(totals))
        if at is None:
            break
        left, right = merged[at : at + 2]
        joined = Bin(
            left.values + right.values, right.below, left.good + right.good, left.bad + right.bad
        )
        merged[at : at + 2] = [joined]
    return merged


def next_merge(bins: Sequence[Bin], woes: Sequence[float], total: int) -> int | None:
    """The index of the left bin of the next pair to join, or None when nothing is left to do."""
    gaps = [b - a for a, b in pairwise(woes)]
    by_gap = sorted(range(len(gaps)), key=lambda i: (abs(gaps[i]), i))
    small = {i for i, b in enumerate(bins) if b.n < MIN_BIN_SHARE * total}
    if small:
        return next(i for i in by_gap if i in small or i + 1 in small)
    upward = woes[-1] >= woes[0]
    against = [i for i in by_gap if (gaps[i] < 0) == upward]
    if against:
        return against[0]
    return by_gap[0] if len(bins) > MAX_BINS or abs(gaps[by_gap[0]]) < MIN_WOE_GAP else None


def describe_bins(variable: Variable, rows: Sequence[Row]) -> dict[str, Any]:
    """The variable as it stands in the artifact, before coefficient and points are known."""
    bins = merge_bins(start_bins(variable, rows))
    totals = sum(b.good for b in bins), sum(b.bad for b in bins)
    return {
        "name": variable.name,
        "kind": "number" if variable.numeric else "category",
        "label_zh": variable.label_zh,
        "label_en": variable.label_en,
        "reason_zh": variable.reason_zh,
        "reason_en": variable.reason_en,
        "bins": [
            {
                "values": list(b.values),
                "below": b.below,
                "training_good": b.good,
                "training_bad": b.bad,
                "woe": woe(b.good, b.bad, *totals),
            }
            for b in bins
        ],
    }


def fit(matrix: Floats, good: npt.NDArray[np.int64]) -> LogisticRegression:
    """The logistic regression of a good outcome; Newton steps converge to machine precision."""
    return LogisticRegression(C=REGULARISATION_C, solver=SOLVER, tol=TOLERANCE).fit(matrix, good)


def fit_weights(matrix: Floats, good: npt.NDArray[np.int64]) -> Floats:
    """Intercept and coefficients of a fit, for bootstrap samples and alternatives."""
    model = fit(matrix, good)
    return np.array([model.intercept_[0], *model.coef_[0]], dtype=np.float64)


def build_artifact(rows: Sequence[Row]) -> dict[str, Any]:
    """Bins, WoE, coefficients, points and cut-offs learnt from the training rows."""
    described = [describe_bins(variable, rows) for variable in VARIABLES]
    model = fit(woe_matrix(described, rows), good_flags(rows))
    factor = POINTS_TO_DOUBLE_ODDS / math.log(2)
    intercept = round(float(model.intercept_[0]), COEFFICIENT_DECIMALS)
    start = BASE_POINTS - factor * math.log(BASE_ODDS) + factor * intercept
    for variable, coefficient in zip(described, model.coef_[0], strict=True):
        variable["coefficient"] = round(float(coefficient), COEFFICIENT_DECIMALS)
        lowest = min(b["woe"] for b in variable["bins"])
        start += factor * variable["coefficient"] * lowest
        for entry in variable["bins"]:
            entry["points"] = round(factor * variable["coefficient"] * (entry["woe"] - lowest))
    return {
        "format": "mingce-demo-scorecard/1",
        "name": "retail-loan-application-scorecard",
        "version": "1.0.0",
        "outcome": "good",
        "intercept": intercept,
        "variables": described,
        "scaling": {
            "base_points": BASE_POINTS,
            "base_odds_good_to_bad": BASE_ODDS,
            "points_to_double_odds": POINTS_TO_DOUBLE_ODDS,
            "start_points": round(start),
        },
        "strategy": {
            "approve_from": APPROVE_FROM,
            "credit_amount_limit": CREDIT_AMOUNT_LIMIT,
            "propose_decline_below": PROPOSE_DECLINE_BELOW,
        },
    }


def good_flags(rows: Sequence[Row]) -> npt.NDArray[np.int64]:
    """1 for a good outcome, 0 for a bad one."""
    return np.array([r["outcome"] == "good" for r in rows], dtype=np.int64)


def canonical(document: Mapping[str, Any]) -> str:
    """The one way in which we write JSON: sorted keys, two spaces, a final newline."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main(out: Path) -> None:
    """Write artifact/, evidence/ and manifest.json under `out`."""
    training, validation = split(read_rows(HERE / "german_credit.csv"))
    artifact = build_artifact(training)
    refit = Refit(woe_matrix(artifact["variables"], training), good_flags(training), fit_weights)
    documents = build.documents(artifact, training, validation, refit, parameters())
    (out / "artifact").mkdir(parents=True, exist_ok=True)
    (out / "evidence").mkdir(exist_ok=True)
    (out / "artifact" / "scorecard.json").write_text(canonical(artifact), encoding="utf-8")
    for name, document in documents.items():
        (out / "evidence" / f"{name}.json").write_text(canonical(document), encoding="utf-8")
    for name, text in reports.render_all(documents).items():
        (out / "evidence" / f"{name}.md").write_text(text, encoding="utf-8")
    (out / "manifest.json").write_text(canonical(manifest.build(out, documents)), encoding="utf-8")


def parameters() -> dict[str, Any]:
    """The choices that fix the result, for the development record."""
    constants = {name: value for name, value in globals().items() if name.isupper()}
    return {n.lower(): v for n, v in constants.items() if isinstance(v, int | float | str)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE)
    main(parser.parse_args().out)
