"""What if the applicants, the economy or the data feed get worse? Shifts of all the rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any  # reports are JSON documents

import numpy as np
from variables import VARIABLES

from assessment.measures import psi, rounded
from assessment.sample import Artifact, Row, Sample, score_all

ALERT_SHIFT = 0.10  # approval rate, regulations.md II.4.2, RI-06
ORDERS = {v.name: v.order for v in VARIABLES}


@dataclass(frozen=True)
class Scenario:
    """A named change of every application."""

    key: str
    label: str
    change: Callable[[int, Row], Row]


def one_class_down(row: Row, *names: str) -> Row:
    """The row with each named variable one class nearer to its riskier end."""
    lower = {n: ORDERS[n][max(0, ORDERS[n].index(row[n]) - 1)] for n in names}
    return {**row, **lower}


def longer(row: Row, months: int) -> Row:
    """The row with a longer loan."""
    return {**row, "duration_months": str(int(row["duration_months"]) + months)}


def larger(row: Row, factor: float) -> Row:
    """The row with a larger loan."""
    return {**row, "credit_amount": str(round(int(row["credit_amount"]) * factor))}


def without(row: Row, name: str) -> Row:
    """The row with one field missing."""
    return {k: v for k, v in row.items() if k != name}


SCENARIOS = (
    Scenario("baseline", "基准 baseline", lambda i, r: r),
    Scenario(
        "savings_down",
        "储蓄降一档 savings one class down",
        lambda i, r: one_class_down(r, "savings"),
    ),
    Scenario(
        "checking_down",
        "活期账户降一档 checking account one class down",
        lambda i, r: one_class_down(r, "checking_account"),
    ),
    Scenario(
        "employment_down",
        "现职年限降一档 time in employment one class down",
        lambda i, r: one_class_down(r, "employment"),
    ),
    Scenario("longer_loans", "期限延长12个月 12 months longer", lambda i, r: longer(r, 12)),
    Scenario("larger_loans", "金额增加25% amount 25 % larger", lambda i, r: larger(r, 1.25)),
    Scenario(
        "recession",
        "综合:储蓄、账户、就业各降一档 savings, account and employment together",
        lambda i, r: one_class_down(r, "savings", "checking_account", "employment"),
    ),
    Scenario(
        "feed_gap",
        "每五件缺一件账户信息 every fifth application lacks the account field",
        lambda i, r: without(r, "checking_account") if i % 5 == 0 else r,
    ),
)


def report(artifact: Artifact, training: Sample, whole: Sample) -> dict[str, Any]:
    """The stress-test report."""
    bands = np.quantile(training.points, np.arange(1, 10) / 10)
    lines = []
    for scenario in SCENARIOS:
        rows = [scenario.change(i, row) for i, row in enumerate(whole.rows)]
        lines.append(
            {
                "key": scenario.key,
                "label": scenario.label,
                **outcome(score_all(artifact, rows), whole, bands),
            }
        )
    return {
        "alert_shift": ALERT_SHIFT,
        "visible": lines,
        "blind": [blind(whole, factor) for factor in (1.0, 1.5, 2.0, 3.0)],
        "prevalence": [prevalence(whole, share) for share in (0.30, 0.10, 0.05)],
    }


def outcome(shifted: Sample, base: Sample, bands: Any) -> dict[str, Any]:  # Any: numpy quantiles
    """Decisions and expected bad rates after a change that the scorecard can see."""
    approved = shifted.decision == "approve"
    change = float(approved.mean() - (base.decision == "approve").mean())
    before, after = (
        np.bincount(np.digitize(s.points, bands), minlength=10) for s in (base, shifted)
    )
    return {
        "approved_rate": rounded(approved.mean()),
        "referred_rate": rounded((shifted.decision == "refer").mean()),
        "decline_proposed_rate": rounded((shifted.decision == "propose_decline").mean()),
        "approved_change": rounded(change),
        "expected_bad_rate": rounded(shifted.probability.mean()),
        "expected_bad_rate_approved": rounded(shifted.probability[approved].mean()),
        "score_psi": rounded(psi(before, after)),
        "alert": "yes" if abs(change) > ALERT_SHIFT else "no",
    }


def blind(sample: Sample, factor: float) -> dict[str, Any]:
    """Outcomes get worse while the inputs stay: the decisions are those of the baseline."""
    return {"odds_factor": factor, **expected(sample, factor)}


def prevalence(sample: Sample, share: float) -> dict[str, Any]:
    """What the same scores would mean where fewer customers are bad than in this sample."""
    base = sample.bad.mean() / (1 - sample.bad.mean())
    return {"bad_share": share, **expected(sample, share / (1 - share) / base)}


def expected(sample: Sample, factor: float) -> Mapping[str, float]:
    """Expected bad rates when the odds of a bad outcome are multiplied by the factor."""
    odds = sample.probability / (1 - sample.probability) * factor
    adjusted = odds / (1 + odds)
    approved = sample.decision == "approve"
    return {
        "expected_bad_rate": rounded(adjusted.mean()),
        "expected_bad_rate_approved": rounded(adjusted[approved].mean()),
        "expected_bad_rate_not_approved": rounded(adjusted[~approved].mean()),
    }
