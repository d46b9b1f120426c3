"""`stops.yaml`: how fast a stop is decided, takes effect and has its fallback; who resumes.

Regulations II.4.1, HG-10, and II.4.2, RI-08 and RI-10.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from registry.core.people.rules import GRANTS, Capability, Role
from registry.core.policy.schema import Label, PolicyModel, Source

Minutes = Annotated[int, Field(ge=1, le=100_000)]


class StopLimits(PolicyModel):
    """The limits of one tier, in minutes; one that is left out does not exist.

    resumes: of the two officers who resume after a stop, the second holds one of these roles, the
    tier's approvers (HG-10); after a false alarm, and where none is named, anybody who may resume.
    """

    tier: Literal["P", "I", "II", "III", "IV"]
    label: Label
    decision_minutes: Minutes | None = None
    effective_minutes: Minutes | None = None
    fallback_minutes: Minutes | None = None
    resumes: tuple[Role, ...] = ()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_be_resumed(self) -> StopLimits:
        strangers = set(self.resumes) - GRANTS[Capability.RESUME]
        if strangers:
            raise ValueError(f"{min(strangers)} may not resume anything")
        return self


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
