"""Would another sample have given the same scorecard? PSI and bootstrap; there is no time axis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any  # reports are JSON documents

import numpy as np

from assessment.measures import interval, psi, resamples, rounded
from assessment.sample import Artifact, Floats, Ints, Sample, bin_indexes, woe_matrix

DRAWS = 300
SEED = 23
SCORE_BANDS = 10
WARN_ABOVE, ACT_ABOVE = 0.10, 0.25  # regulations.md II.4.2, RI-06


@dataclass(frozen=True)
class Refit:
    """The training matrix and the function that fits intercept and coefficients to rows of it."""

    matrix: Floats
    good: Ints
    weights: Callable[[Floats, Ints], Floats]


def report(
    artifact: Artifact, training: Sample, validation: Sample, refit: Refit
) -> dict[str, Any]:
    """The stability report."""
    bands = np.quantile(training.points, np.arange(1, SCORE_BANDS) / SCORE_BANDS)
    lines = [
        psi_line(
            v["name"],
            f"{v['label_zh']} {v['label_en']}",
            len(v["bins"]),
            bin_indexes(v, training.rows),
            bin_indexes(v, validation.rows),
        )
        for v in artifact["variables"]
    ]
    before, after = np.digitize(training.points, bands), np.digitize(validation.points, bands)
    score_line = psi_line("score", "总分 score", SCORE_BANDS, before, after)
    samples = coefficient_samples(refit)
    return {
        "limits": {"warn_above": WARN_ABOVE, "act_above": ACT_ABOVE},
        "bootstrap": {"draws": DRAWS, "seed": SEED, "level": 0.95},
        "has_time_axis": False,
        "psi": {
            "score": score_line,
            "variables": lines,
            "all": [score_line, *lines],
            "highest_variable": max(line["psi"] for line in lines),
        },
        "coefficients": coefficient_lines(artifact, samples),
        "top_reason_agreement": rounded(reason_agreement(artifact, validation, samples)),
    }


def psi_line(name: str, label: str, classes: int, before: Ints, after: Ints) -> dict[str, Any]:
    """PSI of one distribution, beside the PSI that chance alone would reach one time in twenty."""
    expected = np.bincount(before, minlength=classes)
    chance = []
    state = np.random.RandomState(SEED)
    for _ in range(DRAWS):
        drawn = before[state.randint(0, len(before), size=len(after))]
        chance.append(psi(expected, np.bincount(drawn, minlength=classes)))
    value = psi(expected, np.bincount(after, minlength=classes))
    return {
        "name": name,
        "label": label,
        "psi": rounded(value),
        "chance_95": rounded(np.percentile(chance, 95)),
        "status": status(value),
    }


def status(value: float) -> str:
    """ok, warn or act, by the limits of the monitoring policy."""
    if value > ACT_ABOVE:
        return "act"
    return "warn" if value > WARN_ABOVE else "ok"


def coefficient_samples(refit: Refit) -> list[Floats]:
    """Coefficients refitted to bootstrap samples of the training rows, bins held fixed."""
    return [
        refit.weights(refit.matrix[i], refit.good[i])[1:]
        for i in resamples(len(refit.good), DRAWS, SEED)
    ]


def coefficient_lines(artifact: Artifact, samples: Sequence[Floats]) -> list[dict[str, Any]]:
    """Each coefficient with its bootstrap interval and how often it kept its sign."""
    table = np.array(samples)
    return [
        {
            "name": v["name"],
            "label": f"{v['label_zh']} {v['label_en']}",
            "coefficient": rounded(v["coefficient"]),
            **interval(list(table[:, i])),
            "share_positive": rounded((table[:, i] > 0).mean()),
        }
        for i, v in enumerate(artifact["variables"])
    ]


def reason_agreement(artifact: Artifact, sample: Sample, samples: Sequence[Floats]) -> float:
    """How often a refitted model names the same first reason for an applicant as the artifact."""
    variables = artifact["variables"]
    best = np.array([max(b["woe"] for b in v["bins"]) for v in variables])
    shortfall = best - woe_matrix(variables, sample.rows)
    ours = np.array([v["coefficient"] for v in variables])
    first = np.round(shortfall * ours, 6).argmax(axis=1)
    agreed = [(np.round(shortfall * c, 6).argmax(axis=1) == first).mean() for c in samples]
    return float(np.mean(agreed))
