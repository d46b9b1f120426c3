"""The tiers of 分级, and what a floor may do to one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Tier(StrEnum):
    """P 禁止, I 极高, II 高, III 中, IV 低."""

    P = "P"
    I = "I"  # noqa: E741  # the field's word for it
    II = "II"
    III = "III"
    IV = "IV"

    @property
    def severity(self) -> int:
        """0 for IV up to 3 for I, and 4 for P."""
        return _SEVERITY[self]

    def raised(self, steps: int = 1) -> Tier:
        """The tier so many steps stricter, at most I. P stays P."""
        if self is Tier.P:
            return self
        return _BY_SEVERITY[min(self.severity + steps, Tier.I.severity)]


_BY_SEVERITY = (Tier.IV, Tier.III, Tier.II, Tier.I, Tier.P)
_SEVERITY = {tier: severity for severity, tier in enumerate(_BY_SEVERITY)}


class Effect(StrEnum):
    """What a floor does: sets a minimum, adds a step at the end, or copies the in-house tier."""

    MINIMUM = "minimum"
    ONE_STEP_UP = "one_step_up"
    IN_HOUSE_EQUIVALENT = "in_house_equivalent"


def strictest(tiers: Iterable[Tier | None]) -> Tier | None:
    """The strictest of the tiers given, ignoring None; None if there is no other."""
    return max((t for t in tiers if t is not None), key=_SEVERITY.__getitem__, default=None)
