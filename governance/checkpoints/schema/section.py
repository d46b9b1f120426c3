"""`checkpoints.yaml`: the points at which people intervene at run time, and how it is measured.

Regulations II.4.2 (RI-01 to RI-15). The pack lists the points, their bands and sampling rates; a
release's plan says which of them apply to it, when, who decides and until when.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from registry.core.policy.schema import Key, Label, PolicyModel, RuleId, Source

Mode = Literal["hold", "confirm", "sample", "authorise", "hand_over"]
AtLimit = Literal["deny", "fall_back", "escalate"]
Hours = Literal["working", "around_the_clock", "shifts"]
TierKey = Literal["I", "II", "III", "IV"]
Percent = Annotated[float, Field(ge=0, le=100)]
Moment = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Limit(PolicyModel):
    """Until when somebody has decided: minutes of the working day, of the clock, of the shifts."""

    minutes: Annotated[int, Field(ge=1, le=60 * 24 * 60)]
    hours: Hours = "working"


class Point(PolicyModel):
    """One intervention point of the catalogue; `tiers`: whose plans do not go without it."""

    key: RuleId
    label: Label
    mode: Mode | None = None  # None: no decision of the model waits at it
    limit: Limit | None = None
    at_limit: AtLimit = "deny"
    tiers: tuple[TierKey, ...] = ()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class ReasonCode(PolicyModel):
    """Why a reviewer decided so: picked, never typed."""

    key: Key
    label: Label
    outcomes: Annotated[tuple[Literal["accept", "override"], ...], Field(min_length=1)]


class Sampling(PolicyModel):
    """RI-04: which share of the decisions is looked at afterwards, and at least how many a week."""

    percent: dict[TierKey, Percent]
    least_a_week: dict[TierKey, Annotated[int, Field(ge=0, le=10_000)]]
    blind_percent: Percent


class Band(PolicyModel):
    """RI-05: below `low` percent people may follow the machine, above `high` the model may fail."""

    low_percent: Percent
    high_percent: Percent
    least_cases: Annotated[int, Field(ge=1, le=100_000)]
    streak: Annotated[int, Field(ge=2, le=100_000)]

    @model_validator(mode="after")
    def _rises(self) -> Band:
        if self.low_percent >= self.high_percent:
            raise ValueError("the band's low end lies below its high end")
        return self


class WorkingHours(PolicyModel):
    """From when to when on working days, in the institution's time zone."""

    begin: Moment
    end: Moment
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"

    @model_validator(mode="after")
    def _is_a_day(self) -> WorkingHours:
        if self.begin >= self.end:
            raise ValueError("working hours begin before they end")
        return self


class CheckpointsSection(PolicyModel):
    """The catalogue, the reason codes, and the figures for sampling and effectiveness."""

    working_hours: WorkingHours
    points: tuple[Point, ...]
    competences: dict[Key, Label]
    reason_codes: tuple[ReasonCode, ...]
    sampling: Sampling
    band: Band

    @model_validator(mode="after")
    def _hangs_together(self) -> CheckpointsSection:
        keys = [*(one.key for one in self.points), *(one.key for one in self.reason_codes)]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{twice[0]} stands twice")
        for one in self.points:
            if one.limit is not None and one.limit.hours == "shifts":
                raise ValueError(f"{one.key}: shifts are a plan's own")
        return self

    def point(self, key: str) -> Point | None:
        """The point with this key."""
        return next((one for one in self.points if one.key == key), None)

    def needed(self, tier: str) -> tuple[Point, ...]:
        """The points that a plan for the tier has; without a grade those of every tier."""
        is_known = tier in get_args(TierKey)
        return tuple(one for one in self.points
                     if (tier in one.tiers if is_known else one.tiers))  # fmt: skip

    def codes_for(self, outcome: str) -> tuple[ReasonCode, ...]:
        """The reason codes that fit the outcome."""
        return tuple(one for one in self.reason_codes if outcome in one.outcomes)


NOTHING = CheckpointsSection(
    working_hours=WorkingHours(begin="09:00", end="17:30"),
    points=(),
    competences={},
    reason_codes=(),
    sampling=Sampling(percent={}, least_a_week={}, blind_percent=0),
    band=Band(low_percent=1, high_percent=15, least_cases=30, streak=50),
)
