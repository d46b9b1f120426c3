"""How a value stands to its limits, and whether new limits are looser than old ones. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LEAST_HISTORY = 8  # earlier values without which nothing is a spike
LONGEST_HISTORY = 30  # earlier values that a spike is measured against


class Bound(StrEnum):
    """What a value is held against. Drops, shifts and spikes are distances: from a baseline, or in
    standard deviations from the mean of the values before.
    """

    CEILING = "ceiling"
    FLOOR = "floor"
    BAND = "band"
    DROP = "drop"
    SHIFT = "shift"
    SPIKE = "spike"


DISTANCES = frozenset({Bound.DROP, Bound.SHIFT, Bound.SPIKE})
BASED = frozenset({Bound.DROP, Bound.SHIFT})


class Verdict(StrEnum):
    """未评 unjudged (no limits, no baseline, no history yet), 正常, 预警, 处置."""

    UNJUDGED = "unjudged"
    OK = "ok"
    WARN = "warn"
    ACT = "act"

    @property
    def rank(self) -> int:
        """The graver, the higher; what nobody could judge is as harmless as what is in order."""
        return {Verdict.WARN: 1, Verdict.ACT: 2}.get(self, 0)


class Effect(StrEnum):
    """What a breach at the level of action does by itself."""

    FINDING = "finding"
    RESTRICT = "restrict"
    STOP = "stop"


@dataclass(frozen=True)
class Limits:
    """Where warning and action begin: below `low`, above `high`; a distance knows `high` alone.

    consecutive: how many values one after another lie beyond before it counts.
    """

    bound: Bound
    warn_low: float | None = None
    warn_high: float | None = None
    act_low: float | None = None
    act_high: float | None = None
    baseline: float | None = None
    consecutive: int = 1
    effects: frozenset[Effect] = frozenset()

    def fault(self) -> str:
        """Which field makes no sense; empty where all do."""
        for low, high, name in (
            (self.warn_low, self.warn_high, "warn"), (self.act_low, self.act_high, "act"),
        ):  # fmt: skip
            if self.bound is not Bound.BAND and self.bound is not Bound.FLOOR and low is not None:
                return f"{name}_low"
            if self.bound is Bound.FLOOR and high is not None:
                return f"{name}_high"
            if low is not None and high is not None and low >= high:
                return f"{name}_high"
        if self.bound in DISTANCES and min(self.warn_high or 0, self.act_high or 0) < 0:
            return "warn_high"
        if _beyond(self.act_high, self.warn_high) or _beyond(self.warn_low, self.act_low):
            return "act_high" if _beyond(self.act_high, self.warn_high) else "act_low"
        if self.baseline is not None and self.bound not in BASED:
            return "baseline"
        every = (self.warn_low, self.warn_high, self.act_low, self.act_high)
        return "" if any(one is not None for one in every) else "warn_high"


def _beyond(outer: float | None, inner: float | None) -> bool:
    """Whether action would begin before the warning."""
    return outer is not None and inner is not None and outer < inner


def judge(limits: Limits, value: float, before: Sequence[float]) -> Verdict:
    """How the value stands. before: earlier values, the newest last; only spikes look at them."""
    measured = _measure(limits, value, before)
    if measured is None:
        return Verdict.UNJUDGED
    if _is_outside(measured, limits.act_low, limits.act_high):
        return Verdict.ACT
    if _is_outside(measured, limits.warn_low, limits.warn_high):
        return Verdict.WARN
    return Verdict.OK


def _measure(limits: Limits, value: float, before: Sequence[float]) -> float | None:
    if limits.bound in BASED and limits.baseline is None:
        return None
    if limits.bound is Bound.DROP:
        return (limits.baseline or 0.0) - value
    if limits.bound is Bound.SHIFT:
        return abs(value - (limits.baseline or 0.0))
    if limits.bound is Bound.SPIKE:
        return _deviations(value, before[-LONGEST_HISTORY:])
    return value


def _deviations(value: float, before: Sequence[float]) -> float | None:
    """How many standard deviations the value lies above what was usual."""
    if len(before) < LEAST_HISTORY:
        return None
    above = value - statistics.fmean(before)
    spread = statistics.stdev(before)
    if spread == 0:
        return math.inf if above > 0 else 0.0
    return above / spread


def _is_outside(measured: float, low: float | None, high: float | None) -> bool:
    return (low is not None and measured < low) or (high is not None and measured > high)


def held(verdicts: Sequence[Verdict], consecutive: int) -> Verdict:
    """The level that the last values all reach, so many of them. verdicts: the newest last.

    Fewer values than that reach nothing yet. What nobody could judge interrupts a run.
    """
    last = verdicts[-consecutive:]
    if not last or (len(last) < consecutive and last[-1].rank):
        return Verdict.OK if last else Verdict.UNJUDGED
    lowest = min(last, key=lambda one: one.rank)
    return lowest if lowest.rank else _harmless(last[-1])


def _harmless(last: Verdict) -> Verdict:
    return Verdict.UNJUDGED if last is Verdict.UNJUDGED else Verdict.OK


def looser(new: Limits, old: Limits) -> tuple[str, ...]:
    """The fields by which the new limits let more pass than the old; empty where none does.

    Another kind of bound, the first baseline, and another one of a shift, cannot be compared: they
    count as looser. So does an effect that is given up.
    """
    if new.bound is not old.bound:
        return ("bound",)
    found = [
        name
        for name in ("warn_high", "act_high")
        if _lets_more(getattr(new, name), getattr(old, name), up=True)
    ]
    found += [
        name
        for name in ("warn_low", "act_low")
        if _lets_more(getattr(new, name), getattr(old, name), up=False)
    ]
    if new.bound in BASED and _is_another_base(new, old):
        found.append("baseline")
    if new.consecutive > old.consecutive:
        found.append("consecutive")
    return (*found, "effects") if old.effects - new.effects else tuple(found)


def _is_another_base(new: Limits, old: Limits) -> bool:
    """Whether the baseline lets more pass. The first one may be anything, and so counts."""
    if new.baseline is None or old.baseline is None:
        return new.baseline != old.baseline
    return new.baseline < old.baseline if new.bound is Bound.DROP else new.baseline != old.baseline


def _lets_more(new: float | None, old: float | None, *, up: bool) -> bool:
    if old is None:
        return False
    return new is None or (new > old if up else new < old)
