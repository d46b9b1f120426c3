"""Does it separate, and are its probabilities right? AUC, KS, Gini, confusion, calibration."""

from typing import Any  # reports are JSON documents

import numpy as np

from assessment.measures import auc, gini, ks, rounded, with_interval
from assessment.sample import DECISIONS, Artifact, Flags, Sample

DRAWS = 1000
SEED = 11


def report(artifact: Artifact, training: Sample, validation: Sample) -> dict[str, Any]:
    """The performance report, training beside validation."""
    samples = {"training": measured(training), "validation": measured(validation)}
    cuts = artifact["strategy"]
    return {
        "bootstrap": {"draws": DRAWS, "seed": SEED, "level": 0.95},
        "samples": samples,
        "comparison": comparison(samples),
        "auc_drop_percentage_points": rounded(
            100 * (samples["training"]["auc"]["value"] - samples["validation"]["auc"]["value"])
        ),
        "decisions": {"training": by_decision(training), "validation": by_decision(validation)},
        "confusion": [
            confusion(
                validation,
                validation.points < cuts["approve_from"],
                "approve_from",
                cuts["approve_from"],
            ),
            confusion(
                validation,
                validation.points < cuts["propose_decline_below"],
                "propose_decline_below",
                cuts["propose_decline_below"],
            ),
        ],
        "calibration": {"training": calibration(training), "validation": calibration(validation)},
    }


def measured(sample: Sample) -> dict[str, Any]:
    """Separation and accuracy of one sample, on unrounded probabilities."""
    bad, risk = sample.bad, sample.probability
    return {
        "n": len(sample),
        "n_bad": int(bad.sum()),
        "bad_rate": rounded(bad.mean()),
        "mean_probability_bad": rounded(risk.mean()),
        "auc": with_interval(auc, bad, risk, DRAWS, SEED),
        "gini": with_interval(gini, bad, risk, DRAWS, SEED),
        "ks": with_interval(ks, bad, risk, DRAWS, SEED),
        "auc_of_whole_points": rounded(auc(bad, -sample.points.astype(np.float64))),
        "brier": rounded(((risk - bad) ** 2).mean()),
        "brier_without_model": rounded(bad.mean() * (1 - bad.mean())),
    }


def comparison(samples: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each measure, as the readable report shows it."""
    return [
        {
            "measure": measure.upper() if measure != "gini" else "Gini",
            **{
                f"{name}_{part}": samples[name][measure][part]
                for name in samples
                for part in ("value", "low", "high")
            },
        }
        for measure in ("auc", "gini", "ks")
    ]


def by_decision(sample: Sample) -> list[dict[str, Any]]:
    """What each decision would have meant for the applications whose outcome is known."""
    lines = []
    for decision, label in DECISIONS.items():
        chosen = sample.decision == decision
        lines.append(
            {
                "decision": decision,
                "label": label,
                "n": int(chosen.sum()),
                "share": rounded(chosen.mean()),
                "n_bad": int(sample.bad[chosen].sum()),
                "bad_rate": rounded(sample.bad[chosen].mean()),
                "mean_probability_bad": rounded(sample.probability[chosen].mean()),
            }
        )
    return lines


def confusion(sample: Sample, flagged: Flags, name: str, points: int) -> dict[str, Any]:
    """How many bad cases lie below a cut-off, and how many good ones with them."""
    bad = sample.bad
    return {
        "cut_off": name,
        "points": points,
        "bad_below": int((bad & flagged).sum()),
        "bad_above": int((bad & ~flagged).sum()),
        "good_below": int((~bad & flagged).sum()),
        "good_above": int((~bad & ~flagged).sum()),
        "sensitivity": rounded(flagged[bad].mean()),
        "specificity": rounded((~flagged[~bad]).mean()),
    }


def calibration(sample: Sample) -> list[dict[str, Any]]:
    """Predicted against observed bad rate in ten equal groups, the safest first."""
    order = np.argsort(np.round(sample.probability, 8), kind="stable")
    return [
        {
            "decile": number,
            "n": len(part),
            "predicted": rounded(sample.probability[part].mean()),
            "observed": rounded(sample.bad[part].mean()),
            "gap": rounded(sample.bad[part].mean() - sample.probability[part].mean()),
        }
        for number, part in enumerate(np.array_split(order, 10), start=1)
    ]
