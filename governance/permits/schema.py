"""`permits.yaml`: what a deployment permit needs in each environment, how long it lasts, and the
limits of permits that are given beforehand for an emergency (break-glass).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from registry.core.calendars.rules import is_known
from registry.core.policy.schema import Label, PolicyModel, Source

Stage = Literal["S1", "S2", "S3", "S4", "S5"]


class EnvironmentPolicy(PolicyModel):
    """What a deployment to the environment needs.

    stage: what the release must have reached, if anything; gate: the stage whose gate must be open
    at that moment; mends: the requirements and blocking rules of that gate which the deployment
    itself sets right, and which therefore deny it nothing, nor does a restriction that follows from
    such a rule by itself; restriction_denies: whether an order that restricts the use denies and
    revokes, as a stop always does.
    """

    environment: Literal["development", "test", "pilot", "production"]
    label: Label
    stage: Stage | None = None
    gate: Stage | None = None
    mends: tuple[str, ...] = ()
    validity_minutes: Annotated[int, Field(ge=1, le=10_080)]
    restriction_denies: bool
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _mends_a_gate(self) -> EnvironmentPolicy:
        if self.mends and self.gate is None:
            raise ValueError(f"{self.environment}: without a gate there is nothing to mend")
        return self


class BreakGlassPolicy(PolicyModel):
    """The limits of break-glass permits.

    longest_days: how long one may last; most_live: how many an entity may have at once;
    report_working_days: until when after a deployment its use is reported, and until when after
    its end a permit is accounted for, in working days of the country.
    """

    label: Label
    longest_days: Annotated[int, Field(ge=1, le=90)]
    most_live: Annotated[int, Field(ge=1, le=100)]
    report_working_days: Annotated[int, Field(ge=1, le=60)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_holidays(self) -> BreakGlassPolicy:
        if not is_known(self.country):
            raise ValueError(f"no holidays are known for the country {self.country}")
        return self


class PermitsSection(PolicyModel):
    """The environments, each at most once, and break-glass; without it there is none."""

    environments: tuple[EnvironmentPolicy, ...]
    break_glass: BreakGlassPolicy | None = None

    @model_validator(mode="after")
    def _names_each_environment_once(self) -> PermitsSection:
        names = [one.environment for one in self.environments]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the environment {twice[0]} stands twice")
        return self

    def lint(self, known: Collection[str]) -> None:
        """What a deployment mends are requirements or blocking rules. Raises ValueError."""
        for one in self.environments:
            strangers = sorted(set(one.mends) - set(known))
            if strangers:
                told = "no such requirement or blocking rule"
                raise ValueError(f"permits.yaml: {one.environment}: {told}: {strangers[0]}")

    def of(self, environment: str) -> EnvironmentPolicy | None:
        """What the environment needs; None where the policy does not know it."""
        return next((one for one in self.environments if one.environment == environment), None)


NOTHING = PermitsSection(environments=())
