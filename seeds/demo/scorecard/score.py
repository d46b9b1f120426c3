"""Score one loan application with the committed artifact, using the standard library only.

    python score.py artifact/scorecard.json < application.json

A value that is missing or was never seen in training earns the fewest points of its variable and
sends the application to a person: the scorecard does not decide what it does not know.
"""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any  # the artifact is read from JSON


@dataclass(frozen=True)
class Verdict:
    """What the scorecard says about one application; a decline is only ever proposed."""

    points: int
    probability_bad: float
    decision: str
    reasons: tuple[str, ...]
    unknown: tuple[str, ...]


def find_bin(variable: Mapping[str, Any], value: object) -> Mapping[str, Any] | None:
    """The bin that holds the value, or None where the value is missing or was never seen."""
    if variable["kind"] == "category":
        return next((b for b in variable["bins"] if value in b["values"]), None)
    try:
        number = float(str(value))
    except ValueError:
        return None
    fits = (b for b in variable["bins"] if b["below"] is None or number < b["below"])
    return next(fits, None) if math.isfinite(number) and number >= 0 else None


def score(artifact: Mapping[str, Any], row: Mapping[str, object]) -> Verdict:
    """Points, probability of a bad outcome, decision and the main reasons for lost points."""
    logit, points = artifact["intercept"], artifact["scaling"]["start_points"]
    lost: dict[str, int] = {}
    unknown: list[str] = []
    for variable in artifact["variables"]:
        worst = min(variable["bins"], key=lambda b: b["woe"])
        found = find_bin(variable, row.get(variable["name"]))
        unknown += [] if found else [variable["name"]]
        chosen = found or worst
        logit += variable["coefficient"] * chosen["woe"]
        points += chosen["points"]
        lost[variable["name"]] = max(b["points"] for b in variable["bins"]) - chosen["points"]
    reasons = sorted((n for n in lost if lost[n] > 0), key=lambda n: (-lost[n], n))[:3]
    decision = decide(artifact, points, row, bool(unknown))
    return Verdict(points, 1 / (1 + math.exp(logit)), decision, tuple(reasons), tuple(unknown))


def decide(artifact: Mapping[str, Any], points: int, row: Mapping[str, object], gap: bool) -> str:
    """approve, refer or propose_decline; only `approve` takes effect without a person."""
    strategy = artifact["strategy"]
    if points < strategy["propose_decline_below"]:
        return "refer" if gap else "propose_decline"
    over_limit = gap or float(str(row["credit_amount"])) > strategy["credit_amount_limit"]
    return "refer" if over_limit or points < strategy["approve_from"] else "approve"


if __name__ == "__main__":
    model = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(json.dumps(asdict(score(model, json.load(sys.stdin))), ensure_ascii=False))
