"""Which decisions are looked at afterwards (RI-04): from a seed that was fixed before them. Pure.

Each decision has a number between 0 and 1 that follows from the seed and its place; the lowest are
the sample. Whoever has the seed draws the same sample; whoever has only its digest can draw none.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterable, Mapping

WEIGHT = 3.0  # how much more often a decision is drawn that the plan calls risky
DAYS = 7


def lot(seed: str, name: str) -> float:
    """The decision's number, 0 to 1."""
    told = hmac.digest(seed.encode(), name.encode(), "sha256")
    return int.from_bytes(told[:8], "big") / 2**64


def digest_of(seed: str) -> str:
    """What is committed beforehand."""
    return hashlib.sha256(seed.encode()).hexdigest()


def least_a_day(least_a_week: int) -> int:
    """How many a day keep the week's least number."""
    return math.ceil(least_a_week / DAYS)


def draw(seed: str, decisions: Mapping[str, bool], *, percent: float, least: int) -> list[str]:
    """The names of those drawn, of name → whether it is risky; the lowest lots first.

    At least so many are drawn as `least`, where there are so many at all.
    """
    lots = sorted(
        (lot(seed, name) / (WEIGHT if risky else 1.0), name) for name, risky in decisions.items()
    )
    below = [name for value, name in lots if value * 100 < percent]
    return below if len(below) >= least else [name for _value, name in lots[:least]]


def share(seed: str, names: Iterable[str], *, percent: float) -> list[str]:
    """Those of the names whose lot falls below the percentage."""
    return [name for name in names if lot(seed, f"again:{name}") * 100 < percent]
