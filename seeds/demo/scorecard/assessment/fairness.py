"""Who is approved? Approval ratios by protected group; the groups are never inputs of the model.

The threshold of 0.8 is the alert level of regulations.md II.4.2, RI-06.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any  # reports are JSON documents

import numpy as np

from assessment.measures import auc, rate_ratio, rounded
from assessment.sample import Artifact, Flags, Row, Sample, bin_indexes, woe_matrix
from assessment.stability import Refit

THRESHOLD = 0.8
MALE = ("male divorced or separated", "male married or widowed")
AMBIGUOUS = "female not single or male single"


@dataclass(frozen=True)
class Comparison:
    """A protected group and those it is compared with; rows in neither are left out."""

    key: str
    label: str
    protected: Callable[[Row], bool]
    reference: Callable[[Row], bool]


COMPARISONS = (
    Comparison(
        "sex",
        "性别(可辨识者):单身女性 对 男性 / sex where known: single women v men",
        lambda r: r["personal_status_sex"] == "female single",
        lambda r: r["personal_status_sex"] in MALE,
    ),
    Comparison(
        "sex_old_codebook",
        "性别(旧编码本,含混) / sex as the old codebook reads it (mixed group)",
        lambda r: r["personal_status_sex"] == AMBIGUOUS,
        lambda r: r["personal_status_sex"] != AMBIGUOUS,
    ),
    Comparison(
        "age_under_25",
        "年龄:25岁以下 对 25岁及以上 / age: under 25 v 25 and over",
        lambda r: int(r["age_years"]) < 25,
        lambda r: int(r["age_years"]) >= 25,
    ),
    Comparison(
        "foreign_worker",
        "外籍劳工:是 对 否 / foreign worker: yes v no",
        lambda r: r["foreign_worker"] == "yes",
        lambda r: r["foreign_worker"] == "no",
    ),
)


def report(artifact: Artifact, validation: Sample, whole: Sample, refit: Refit) -> dict[str, Any]:
    """The fairness report, for the validation rows and for all rows."""
    lines = {
        c.key: {"validation": compared(c, validation), "all": compared(c, whole)}
        for c in COMPARISONS
    }
    others = alternatives(artifact, validation, whole, refit)
    flagged = [
        key
        for key, line in lines.items()
        if any(part["status"] == "below_threshold" for part in line.values())
    ]
    return {
        "threshold": THRESHOLD,
        "model_uses_protected_fields": False,
        "comparisons": lines,
        "table": [
            {"key": key, "sample": name, "label": part["label"], **flat(part)}
            for key, line in lines.items()
            for name, part in line.items()
        ],
        "below_threshold": flagged,
        "drivers": {c.key: drivers(artifact, c, whole) for c in COMPARISONS if c.key in flagged},
        "alternatives_for_age": others,
        "best_alternative": max(others, key=lambda line: line["age_ratio"]),
        "alternatives_reaching_threshold": sum(x["age_ratio"] >= THRESHOLD for x in others),
        "conclusion": conclusion(lines, flagged),
    }


def members(comparison: Comparison, sample: Sample) -> tuple[Flags, Flags]:
    """The protected and the reference rows of a sample."""
    return (
        np.array([comparison.protected(r) for r in sample.rows], dtype=np.bool_),
        np.array([comparison.reference(r) for r in sample.rows], dtype=np.bool_),
    )


def compared(comparison: Comparison, sample: Sample) -> dict[str, Any]:
    """Both groups side by side, and the ratio of their automatic approval rates."""
    protected, reference = members(comparison, sample)
    approved = sample.decision == "approve"
    good = ~sample.bad
    ratio = ratio_of(approved, protected, reference)
    return {
        "label": comparison.label,
        "protected": group(sample, protected),
        "reference": group(sample, reference),
        "left_out": int((~protected & ~reference).sum()),
        "approval_ratio": ratio,
        "status": status(ratio),
        "approval_ratio_among_good": ratio_of(approved, protected & good, reference & good),
    }


def ratio_of(hit: Flags, protected: Flags, reference: Flags) -> dict[str, float | None]:
    """The share of hits in the protected group over that in the reference group."""
    return rate_ratio(
        int(hit[protected].sum()),
        int(protected.sum()),
        int(hit[reference].sum()),
        int(reference.sum()),
    )


def group(sample: Sample, inside: Flags) -> dict[str, Any]:
    """Size, decisions and outcomes of one group."""
    decisions = sample.decision[inside]
    return {
        "n": int(inside.sum()),
        "approved_rate": rounded((decisions == "approve").mean()),
        "decline_proposed_rate": rounded((decisions == "propose_decline").mean()),
        "bad_rate": rounded(sample.bad[inside].mean()),
        "mean_probability_bad": rounded(sample.probability[inside].mean()),
        "auc": rounded(auc(sample.bad[inside], sample.probability[inside]))
        if 0 < sample.bad[inside].sum() < inside.sum()
        else None,
    }


def status(ratio: dict[str, float | None]) -> str:
    """Below the threshold, above it but not beyond chance, or above it."""
    value, low = ratio["value"], ratio["low"]
    if value is None or low is None:
        return "not_measurable"
    if value < THRESHOLD:
        return "below_threshold"
    return "uncertain" if low < THRESHOLD else "above_threshold"


def flat(part: dict[str, Any]) -> dict[str, Any]:
    """One line of the readable table."""
    return {
        "n_protected": part["protected"]["n"],
        "n_reference": part["reference"]["n"],
        "approved_protected": part["protected"]["approved_rate"],
        "approved_reference": part["reference"]["approved_rate"],
        "bad_protected": part["protected"]["bad_rate"],
        "bad_reference": part["reference"]["bad_rate"],
        "ratio": part["approval_ratio"]["value"],
        "low": part["approval_ratio"]["low"],
        "high": part["approval_ratio"]["high"],
        "ratio_good": part["approval_ratio_among_good"]["value"],
        "status": part["status"],
    }


def drivers(artifact: Artifact, comparison: Comparison, sample: Sample) -> list[dict[str, Any]]:
    """Which variables make the gap: mean points of the protected group minus the reference."""
    protected, reference = members(comparison, sample)
    lines = []
    for variable in artifact["variables"]:
        earned = np.array([b["points"] for b in variable["bins"]], dtype=np.float64)
        points = earned[bin_indexes(variable, sample.rows)]
        lines.append(
            {
                "name": variable["name"],
                "label": f"{variable['label_zh']} {variable['label_en']}",
                "points_gap": rounded(points[protected].mean() - points[reference].mean()),
            }
        )
    return sorted(lines, key=lambda line: (line["points_gap"], line["name"]))


def alternatives(
    artifact: Artifact, validation: Sample, whole: Sample, refit: Refit
) -> list[dict[str, Any]]:
    """The search for a fairer model: refit without one variable, same break-even probability."""
    variables = artifact["variables"]
    odds = artifact["scaling"]["base_odds_good_to_bad"]
    small = np.array(
        [
            float(r["credit_amount"]) <= artifact["strategy"]["credit_amount_limit"]
            for r in whole.rows
        ],
        dtype=np.bool_,
    )
    age = next(c for c in COMPARISONS if c.key == "age_under_25")
    matrices = woe_matrix(variables, whole.rows), woe_matrix(variables, validation.rows)
    lines = []
    for dropped in (None, *range(len(variables))):
        kept = [i for i in range(len(variables)) if i != dropped]
        fitted = refit.weights(refit.matrix[:, kept], refit.good)
        logits = fitted[0] + matrices[0][:, kept] @ fitted[1:]
        ratio = ratio_of((logits >= np.log(odds)) & small, *members(age, whole))
        lines.append(
            {
                "without": "-" if dropped is None else variables[dropped]["name"],
                "auc_validation": rounded(
                    auc(validation.bad, -(matrices[1][:, kept] @ fitted[1:]))
                ),
                "approved_rate": rounded(((logits >= np.log(odds)) & small).mean()),
                "age_ratio": ratio["value"],
                "age_ratio_low": ratio["low"],
                "age_ratio_high": ratio["high"],
            }
        )
    return lines


def conclusion(lines: dict[str, dict[str, Any]], flagged: list[str]) -> dict[str, str]:
    """The finding in one sentence of each language, written from the figures."""
    if not flagged:
        return {
            "zh": f"各组通过率之比均不低于 {THRESHOLD}。",
            "en": f"No approval ratio lies below {THRESHOLD}.",
        }
    parts = [(lines[key]["all"], lines[key]["validation"]) for key in flagged]
    zh = ";".join(
        f"{a['label'].split(' / ')[0]}:全部样本 {a['approval_ratio']['value']:.2f},"
        f"验证样本 {v['approval_ratio']['value']:.2f}"
        for a, v in parts
    )
    en = "; ".join(
        f"{a['label'].split(' / ')[1]}: {a['approval_ratio']['value']:.2f} in all rows, "
        f"{v['approval_ratio']['value']:.2f} in the validation rows"
        for a, v in parts
    )
    return {
        "zh": f"以下通过率之比低于 {THRESHOLD}——{zh}。",
        "en": f"These approval ratios lie below {THRESHOLD}: {en}.",
    }
