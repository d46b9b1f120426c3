"""How well people oversee: override rate with its interval, time, streaks, agreement. Pure.

RI-05: overrides that stay below the band suggest that people follow the machine (automation bias),
above it that the model fails. The whole interval must lie outside, so that a few cases accuse
nobody.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

Z = 1.96  # 95 %


class Verdict(StrEnum):
    """What the figures suggest."""

    TOO_FEW = "too_few"
    IN_BAND = "in_band"
    AUTOMATION_BIAS = "automation_bias"
    MODEL_FAILURE = "model_failure"


@dataclass(frozen=True, slots=True)
class Look:
    """One decided case: who decided, whether against the model, after how many seconds."""

    reviewer: str
    is_override: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Measure:
    """The figures of some cases. Rates in percent; the interval is Wilson's at 95 %."""

    cases: int
    overrides: int
    rate: float
    low: float
    high: float
    median_seconds: float
    streak: int  # most accepted in a row by one reviewer, in the order given
    verdict: Verdict


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """The interval of a share, 0 to 1, at 95 % (Wilson 1927). Nothing known: from 0 to 1."""
    if cases == 0:
        return 0.0, 1.0
    share, square = hits / cases, Z * Z / cases
    middle = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(share * (1 - share) / cases + square / (4 * cases))
    return max(0.0, middle - half), min(1.0, middle + half)


def measure(
    looks: Sequence[Look], *, low_percent: float, high_percent: float, least_cases: int
) -> Measure:
    """The figures of the cases, given in the order in which they were decided."""
    return figures(
        len(looks),
        sum(one.is_override for one in looks),
        statistics.median(one.seconds for one in looks) if looks else 0.0,
        longest_streak(looks),
        low_percent=low_percent, high_percent=high_percent, least_cases=least_cases,
    )  # fmt: skip


def figures(
    cases: int,
    overrides: int,
    median_seconds: float,
    streak: int,
    *,
    low_percent: float,
    high_percent: float,
    least_cases: int,
) -> Measure:
    """What so many overrides of so many cases say."""
    low, high = wilson(overrides, cases)
    return Measure(
        cases=cases,
        overrides=overrides,
        rate=round(100 * overrides / cases, 2) if cases else 0.0,
        low=round(100 * low, 2),
        high=round(100 * high, 2),
        median_seconds=round(median_seconds, 1),
        streak=streak,
        verdict=_verdict(cases, 100 * low, 100 * high, low_percent, high_percent, least_cases),
    )


def longest_streak(looks: Iterable[Look]) -> int:
    """The most cases in a row in which one reviewer followed the model."""
    running: dict[str, int] = {}
    longest = 0
    for one in looks:
        running[one.reviewer] = 0 if one.is_override else running.get(one.reviewer, 0) + 1
        longest = max(longest, running[one.reviewer])
    return longest


def _verdict(
    cases: int, low: float, high: float, low_percent: float, high_percent: float, least: int
) -> Verdict:
    if cases < least:
        return Verdict.TOO_FEW
    if high < low_percent:
        return Verdict.AUTOMATION_BIAS
    return Verdict.MODEL_FAILURE if low > high_percent else Verdict.IN_BAND


def agreement(pairs: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """How often a blind second review came to the same outcome: (same, all)."""
    found = [first == second for first, second in pairs]
    return sum(found), len(found)
