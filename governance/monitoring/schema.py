"""`monitoring.yaml`: which metrics are watched, where warning and action begin, what follows.

Regulations II.4.2, RI-06 (figures) and II.5.1, PR-02 and PR-04 (how often); our own design.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from governance.monitoring.rules import Bound, Computed, Effect, Limits
from registry.core.calendars.rules import is_known
from registry.core.policy.rules import PolicyError
from registry.core.policy.schema import Key, Label, PolicyModel, RuleSpec, Source

TierKey = Literal["I", "II", "III", "IV"]
Days = Annotated[int, Field(ge=1, le=400)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class MetricSpec(PolicyModel):
    """A metric that any release may have, and some must.

    computes: what it is computed from where bins are sent instead of a value; every_days: how often
    it is expected, by tier, of the releases for which `when` does not fail; a tier without a
    figure expects nothing. calls_for: the kinds of review that a breach at the level of action
    calls for; effects: what else it does by itself.
    """

    key: Key
    label: Label
    unit: Literal["", "%", "ms", "σ"] = ""
    computes: Computed | None = None
    bound: Bound
    warn_low: Number | None = None
    warn_high: Number | None = None
    act_low: Number | None = None
    act_high: Number | None = None
    consecutive: Annotated[int, Field(ge=1, le=30)] = 1
    every_days: dict[TierKey, Days] = {}
    when: RuleSpec | None = None
    calls_for: tuple[Annotated[str, Field(pattern=r"^PR-[0-9]{2}$")], ...] = ()
    effects: tuple[Effect, ...] = ()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @property
    def has_limits(self) -> bool:
        """Whether the policy says where warning or action begins."""
        every = (self.warn_low, self.warn_high, self.act_low, self.act_high)
        return any(one is not None for one in every)

    @property
    def limits(self) -> Limits:
        """The limits as the rulebook takes them."""
        return Limits(
            self.bound, self.warn_low, self.warn_high, self.act_low, self.act_high,
            consecutive=self.consecutive, effects=frozenset(self.effects),
        )  # fmt: skip

    @model_validator(mode="after")
    def _has_sound_limits(self) -> MetricSpec:
        if self.has_limits and self.limits.fault():
            raise ValueError(f"{self.key}: {self.limits.fault()} does not fit the others")
        if Effect.STOP in self.effects:
            raise ValueError(
                f"{self.key}: a stop by itself is put in force for one model at a time"
            )
        return self


class MonitoringSection(PolicyModel):
    """The metrics, and how long people have: working days after a warning, hours for action."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    warn_working_days: Annotated[int, Field(ge=1, le=30)] = 2
    act_hours: Annotated[int, Field(ge=1, le=240)] = 4
    accepted_days: Annotated[int, Field(ge=1, le=366)] = 90
    metrics: tuple[MetricSpec, ...] = ()
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _is_sound(self) -> MonitoringSection:
        keys = [one.key for one in self.metrics]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"the metric {twice[0]} stands twice")
        if not is_known(self.country):
            raise ValueError(f"no holidays are known for the country {self.country}")
        return self

    def metric(self, key: str) -> MetricSpec | None:
        """The metric of that key, if the policy knows it."""
        return next((one for one in self.metrics if one.key == key), None)

    def lint(self, names: Collection[str], reviews: Collection[str]) -> None:
        """Clauses read declared names, breaches call for known reviews. Raises PolicyError."""
        for one in self.metrics:
            if one.when is not None:
                one.when.lint(f"monitoring.yaml: {one.key}", names)
            for kind in one.calls_for:
                if kind not in reviews:
                    raise PolicyError(
                        f"monitoring.yaml: {one.key}: {kind} is no review that a breach calls for"
                    )


NOTHING = MonitoringSection()
