"""The statistics that the reports share; pure functions of arrays, rounded to four decimals.

Random numbers come from numpy's RandomState, whose streams are frozen for all numpy versions;
the streams of the newer Generator are not.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any  # the width of a numpy float

import numpy as np
import numpy.typing as npt

from assessment.sample import Flags, Floats, Ints

DECIMALS = 4


def rounded(value: float | np.floating[Any]) -> float:
    """The value as it is written into a report."""
    return round(float(value), DECIMALS)


def auc(bad: Flags, risk: Floats) -> float:
    """The probability that a bad case has the higher risk than a good one; ties count half."""
    _, inverse, counts = np.unique(np.round(risk, 8), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n_bad, n_good = int(bad.sum()), int((~bad).sum())
    return float((ranks[bad].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * n_good))


def ks(bad: Flags, risk: Floats) -> float:
    """The largest distance between the risk distributions of the bad and of the good."""
    cuts = np.unique(risk)
    below_bad = np.searchsorted(np.sort(risk[bad]), cuts, side="right") / bad.sum()
    below_good = np.searchsorted(np.sort(risk[~bad]), cuts, side="right") / (~bad).sum()
    return float(np.abs(below_good - below_bad).max())


def gini(bad: Flags, risk: Floats) -> float:
    """Twice the area between the ROC curve and the diagonal."""
    return 2 * auc(bad, risk) - 1


def resamples(size: int, draws: int, seed: int) -> Iterator[Ints]:
    """Indexes of bootstrap samples, drawn with replacement."""
    state = np.random.RandomState(seed)
    for _ in range(draws):
        yield state.randint(0, size, size=size)


def with_interval(
    measure: Callable[[Flags, Floats], float], bad: Flags, risk: Floats, draws: int, seed: int
) -> dict[str, float]:
    """The measure with its 95 % bootstrap interval."""
    values = [measure(bad[i], risk[i]) for i in resamples(len(bad), draws, seed)]
    return {"value": rounded(measure(bad, risk)), **interval(values)}


def interval(values: Sequence[float]) -> dict[str, float]:
    """The middle 95 % of the values."""
    low, high = np.percentile(np.array(values), [2.5, 97.5])
    return {"low": rounded(low), "high": rounded(high)}


def psi(expected: npt.NDArray[np.int64], actual: npt.NDArray[np.int64]) -> float:
    """Population stability index of two histograms; half a case is added to each class."""
    before = (expected + 0.5) / (expected + 0.5).sum()
    after = (actual + 0.5) / (actual + 0.5).sum()
    return float(((after - before) * np.log(after / before)).sum())


def rate_ratio(hits: int, size: int, other_hits: int, other_size: int) -> dict[str, float | None]:
    """One rate over the other, with the log-normal (Katz) 95 % interval; None without hits."""
    if not (hits and other_hits):
        return {"value": None, "low": None, "high": None}
    ratio = (hits / size) / (other_hits / other_size)
    spread = 1.96 * math.sqrt(1 / hits - 1 / size + 1 / other_hits - 1 / other_size)
    return {
        "value": rounded(ratio),
        "low": rounded(ratio * math.exp(-spread)),
        "high": rounded(ratio * math.exp(spread)),
    }
