"""Figures computed from counts in bins, so that no score of a person has to be sent. Pure.

Each raises DomainError that says what is wrong with the counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.core.errors import DomainError

LEAST_SHARE = 1e-4  # stands for an empty bin, as is usual: a logarithm of nothing is none
LEAST_GROUP = 30  # members below which a group's rate says nothing
MOST_BINS = 200
MOST_COUNT = 10**15


class Computed(StrEnum):
    """What can be computed here."""

    PSI = "psi"
    KS = "ks"
    AUC = "auc"
    RATE = "rate"
    RATIO = "ratio"


@dataclass(frozen=True)
class Figure:
    """A value, and from how many observations it comes."""

    value: float
    count: int


def compute(what: Computed, inputs: Mapping[str, Any]) -> Figure:  # Any: JSON
    """The figure. Raises DomainError."""
    wanted, work = _WORK[what]
    if set(inputs) != set(wanted):
        raise DomainError("counts", "%(metric)s is computed from: %(names)s",
                          params={"metric": what.value, "names": ", ".join(wanted)})  # fmt: skip
    return work(*(inputs[name] for name in wanted))


def psi(expected: Sequence[float], actual: Sequence[float]) -> Figure:
    """群体稳定性指数: Σ (a-e)·ln(a/e) over the bins' shares; an empty one counts as 0.0001."""
    first, second = _pair(expected, actual, "expected", "actual")
    total = 0.0
    for one, other in zip(_shares(first), _shares(second), strict=True):
        total += (other - one) * math.log(other / one)
    return Figure(total, int(sum(second)))


def _shares(counts: Sequence[float]) -> list[float]:
    whole = sum(counts)
    return [max(one / whole, LEAST_SHARE) for one in counts]


def ks(positives: Sequence[float], negatives: Sequence[float]) -> Figure:
    """The largest distance between the two cumulative shares; bins by rising score."""
    first, second = _pair(positives, negatives, "positives", "negatives")
    reached, other, most = 0.0, 0.0, 0.0
    for one, two in zip(first, second, strict=True):
        reached += one / sum(first)
        other += two / sum(second)
        most = max(most, abs(reached - other))
    return Figure(most, int(sum(first) + sum(second)))


def auc(positives: Sequence[float], negatives: Sequence[float]) -> Figure:
    """How often a positive has a higher score than a negative; within a bin they count as equal."""
    first, second = _pair(positives, negatives, "positives", "negatives")
    below, wins = 0.0, 0.0
    for one, two in zip(first, second, strict=True):
        wins += one * (below + two / 2)
        below += two
    return Figure(wins / (sum(first) * sum(second)), int(sum(first) + sum(second)))


def rate(favourable: float, total: float) -> Figure:
    """A share of a total."""
    part, whole = _count(favourable, "favourable"), _count(total, "total")
    if whole == 0 or part > whole:
        raise DomainError("counts", "favourable is at most total, which is more than nothing")
    return Figure(part / whole, int(whole))


def ratio(groups: Mapping[str, Any]) -> Figure:  # Any: JSON
    """The lowest of the groups' rates against the highest (the four-fifths rule). Groups of fewer
    than thirty are left out.
    """
    if not isinstance(groups, Mapping) or not 2 <= len(groups) <= MOST_BINS:
        raise DomainError("counts", "groups are 2 to %(most)s names, each with [favourable, total]",
                          params={"most": MOST_BINS})  # fmt: skip
    rates, counted = [], 0
    for name, told in groups.items():
        if not isinstance(told, Sequence) or isinstance(told, str) or len(told) != 2:
            raise DomainError("counts", "the group %(name)s is told as [favourable, total]",
                              params={"name": name[:40]})  # fmt: skip
        if _count(told[1], name[:40]) >= LEAST_GROUP:
            rates.append(rate(told[0], told[1]).value)
            counted += int(told[1])
    if len(rates) < 2:
        raise DomainError("counts", "fewer than two groups have %(least)s members or more",
                          params={"least": LEAST_GROUP})  # fmt: skip
    if max(rates) == 0:
        raise DomainError("counts", "no group has anything favourable")
    return Figure(min(rates) / max(rates), counted)


def _pair(
    one: Any,  # Any: JSON
    other: Any,
    name: str,
    second: str,
) -> tuple[list[float], list[float]]:
    found = []
    for told, which in ((one, name), (other, second)):
        if not isinstance(told, Sequence) or isinstance(told, str):
            raise DomainError("counts", "%(name)s is a list of counts", params={"name": which})
        counts = [_count(each, which) for each in told]
        if not 2 <= len(counts) <= MOST_BINS or not sum(counts):
            raise DomainError("counts", "%(name)s has 2 to %(most)s bins, which are not all empty",
                              params={"name": which, "most": MOST_BINS})  # fmt: skip
        found.append(counts)
    if len(found[0]) != len(found[1]):
        raise DomainError("counts", "%(name)s and %(other)s have the same bins",
                          params={"name": name, "other": second})  # fmt: skip
    return found[0], found[1]


def _count(told: object, which: str) -> float:
    """A count; a weighted one may be broken."""
    is_number = isinstance(told, int | float) and not isinstance(told, bool)
    if not is_number or not 0 <= told <= MOST_COUNT:  # type: ignore[operator]  # a number
        raise DomainError("counts", "%(name)s holds counts, of 0 or more", params={"name": which})
    return float(told)  # type: ignore[arg-type]  # a number


_WORK: dict[Computed, tuple[tuple[str, ...], Callable[..., Figure]]] = {
    Computed.PSI: (("expected", "actual"), psi),
    Computed.KS: (("positives", "negatives"), ks),
    Computed.AUC: (("positives", "negatives"), auc),
    Computed.RATE: (("favourable", "total"), rate),
    Computed.RATIO: (("groups",), ratio),
}
