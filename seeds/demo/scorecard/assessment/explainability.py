"""Why does it decide so? The scorecard explains itself: points, importance, reasons in words."""

import math
from collections.abc import Mapping
from typing import Any  # reports are JSON documents

import numpy as np
from score import find_bin

from assessment.measures import auc, rounded
from assessment.sample import DECISIONS, Artifact, Row, Sample, bin_label, woe_matrix

SHUFFLES = 50
SEED = 37
PROPOSED_LEVEL = "E1"  # intrinsic, regulations.md II.2.1 D10


def report(artifact: Artifact, training: Sample, validation: Sample) -> dict[str, Any]:
    """The explainability report."""
    return {
        "proposed_level": PROPOSED_LEVEL,
        "method": "intrinsic",
        "permutation": {"sample": "validation", "shuffles": SHUFFLES, "seed": SEED},
        "start_points": artifact["scaling"]["start_points"],
        "importance": importance(artifact, validation),
        "points": points_table(artifact),
        "rounding_largest_difference_points": rounded(rounding(artifact, training, validation)),
        "examples": examples(artifact, validation),
        "reason_texts": [
            {"code": v["name"], "zh": v["reason_zh"], "en": v["reason_en"]}
            for v in artifact["variables"]
        ],
    }


def importance(artifact: Artifact, sample: Sample) -> list[dict[str, Any]]:
    """Points range and the AUC that is lost when a variable is shuffled, the largest first."""
    variables = artifact["variables"]
    matrix = woe_matrix(variables, sample.rows)
    weights = np.array([v["coefficient"] for v in variables])
    whole = auc(sample.bad, -(matrix @ weights))
    state = np.random.RandomState(SEED)
    ranges = [max(b["points"] for b in v["bins"]) for v in variables]
    lines = []
    for column, variable in enumerate(variables):
        losses = []
        for _ in range(SHUFFLES):
            shuffled = matrix.copy()
            shuffled[:, column] = state.permutation(matrix[:, column])
            losses.append(whole - auc(sample.bad, -(shuffled @ weights)))
        lines.append(
            {
                "name": variable["name"],
                "label": f"{variable['label_zh']} {variable['label_en']}",
                "points_range": ranges[column],
                "share_of_range": rounded(ranges[column] / sum(ranges)),
                "information_value": rounded(information_value(variable)),
                "auc_loss": rounded(np.mean(losses)),
                "auc_loss_sd": rounded(np.std(losses)),
            }
        )
    return sorted(lines, key=lambda line: (-line["points_range"], line["name"]))


def information_value(variable: Mapping[str, Any]) -> float:
    """How much the bins of a variable say about the outcome in the training rows."""
    bins = variable["bins"]
    good, bad = (sum(b[f"training_{k}"] for b in bins) for k in ("good", "bad"))
    return math.fsum((b["training_good"] / good - b["training_bad"] / bad) * b["woe"] for b in bins)


def points_table(artifact: Artifact) -> list[dict[str, Any]]:
    """The scorecard as one table: each bin with its points and its training bad rate."""
    lines = []
    for variable in artifact["variables"]:
        previous = None
        for entry in variable["bins"]:
            size = entry["training_good"] + entry["training_bad"]
            lines.append(
                {
                    "name": variable["name"],
                    "label": f"{variable['label_zh']} {variable['label_en']}",
                    "bin": bin_label(entry, previous),
                    "n": size,
                    "points": entry["points"],
                    "bad_rate": rounded(entry["training_bad"] / size),
                    "woe": rounded(entry["woe"]),
                }
            )
            previous = entry
    return lines


def rounding(artifact: Artifact, *samples: Sample) -> float:
    """The largest distance between whole points and the exact logarithmic score."""
    scaling = artifact["scaling"]
    factor = scaling["points_to_double_odds"] / math.log(2)
    offset = scaling["base_points"] - factor * math.log(scaling["base_odds_good_to_bad"])
    exact = [offset + factor * np.log(1 / s.probability - 1) for s in samples]
    return max(float(np.abs(e - s.points).max()) for e, s in zip(exact, samples, strict=True))


def examples(artifact: Artifact, sample: Sample) -> list[dict[str, Any]]:
    """The first validation applicant of each kind, explained as the customer would read it."""
    over = artifact["strategy"]["credit_amount_limit"], artifact["strategy"]["approve_from"]
    kinds = {
        "approve": lambda i: sample.decision[i] == "approve",
        "refer": lambda i: sample.decision[i] == "refer" and sample.points[i] < over[1],
        "refer_over_limit": lambda i: (
            sample.points[i] >= over[1] and float(sample.rows[i]["credit_amount"]) > over[0]
        ),
        "propose_decline": lambda i: sample.decision[i] == "propose_decline",
    }
    chosen = {kind: next(filter(test, range(len(sample)))) for kind, test in kinds.items()}
    return [example(artifact, sample, kind, i) for kind, i in chosen.items()]


def example(artifact: Artifact, sample: Sample, kind: str, index: int) -> dict[str, Any]:
    """One applicant: points by variable, the decision, and the reasons in both languages."""
    row, verdict = sample.rows[index], sample.verdicts[index]
    named = {v["name"]: v for v in artifact["variables"]}
    return {
        "kind": kind,
        "application_id": row["application_id"],
        "points": verdict.points,
        "probability_bad": rounded(verdict.probability_bad),
        "decision": verdict.decision,
        "label": DECISIONS[verdict.decision],
        "points_by_variable": {name: points_of(v, row) for name, v in named.items()},
        "reason_codes": list(verdict.reasons),
        "reasons_zh": ";".join(named[r]["reason_zh"] for r in verdict.reasons),
        "reasons_en": "; ".join(named[r]["reason_en"] for r in verdict.reasons),
    }


def points_of(variable: Mapping[str, Any], row: Row) -> int:
    """The points that a row earns for one variable; none where the value is unknown."""
    found = find_bin(variable, row[variable["name"]])
    return int(found["points"]) if found else 0
