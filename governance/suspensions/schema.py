"""`stops.yaml`: how fast a stop is decided, takes effect, and has its fallback.

Regulations II.4.2, RI-08 and RI-10.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from registry.core.policy.schema import Label, PolicyModel, Source

Minutes = Annotated[int, Field(ge=1, le=100_000)]


class StopLimits(PolicyModel):
    """The limits of one tier, in minutes; one that is left out does not exist."""

    tier: Literal["P", "I", "II", "III", "IV"]
    label: Label
    decision_minutes: Minutes | None = None
    effective_minutes: Minutes | None = None
    fallback_minutes: Minutes | None = None
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class StopsSection(PolicyModel):
    """The limits, of each tier at most once."""

    limits: tuple[StopLimits, ...]

    @model_validator(mode="after")
    def _names_each_tier_once(self) -> StopsSection:
        tiers = [one.tier for one in self.limits]
        twice = sorted({tier for tier in tiers if tiers.count(tier) > 1})
        if twice:
            raise ValueError(f"tier {twice[0]} stands twice")
        return self

    def of(self, tier: str) -> StopLimits | None:
        """The limits of the tier."""
        return next((one for one in self.limits if one.tier == tier), None)


NOTHING = StopsSection(limits=())
