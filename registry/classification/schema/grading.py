"""`grading.yaml`: factors, tiers, floors, prefilling, overrides and the worked examples."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from registry.classification.rules.tiers import Effect, Tier
from registry.classification.schema.classification import Sources
from registry.core.policy.schema import Key, Label, PolicyModel, RuleId, RuleSpec

FACTOR_KEYS = tuple(f"F{number}" for number in range(1, 10))

FactorKey = Annotated[str, StringConstraints(pattern=r"^F[1-9]$")]
ProfileKey = Literal["strict", "literal"]
Level = Annotated[int, Field(strict=True, ge=0, le=4)]
ExampleId = Annotated[str, StringConstraints(pattern=r"^E[0-9]{2}$")]


class Factor(PolicyModel):
    """One of the nine factors of 分级: a weight in points and the meaning of levels 0 to 4."""

    key: FactorKey
    label: Label
    weight: Annotated[int, Field(gt=0, le=100)]
    levels: Annotated[tuple[Label, ...], Field(min_length=5, max_length=5)]


class TierSpec(PolicyModel):
    """A tier with the lowest score that reaches it, in points (none for P)."""

    key: Tier
    label: Label
    threshold: Annotated[int, Field(ge=0, le=100)] | None


class Profile(PolicyModel):
    """A reading of the rules that an institution switches on, with the regimes beside it."""

    key: ProfileKey
    code: Key
    label: Label
    regimes: tuple[Key, ...]
    default: bool = False
    sources: Sources


class Stricter(PolicyModel):
    """A higher minimum of a floor that has fired."""

    minimum: Tier
    rule: RuleSpec


class Floor(PolicyModel):
    """A floor rule 底线规则: raises the tier and cannot be overridden."""

    id: RuleId
    label: Label
    effect: Effect = Effect.MINIMUM
    minimum: Tier
    rule: RuleSpec
    stricter: tuple[Stricter, ...] = ()
    equivalent: dict[Key, Key] = Field(default_factory=dict)
    sets: dict[Key, Key] = Field(default_factory=dict)
    superseded_by: RuleId | None = None
    profiles: Annotated[tuple[ProfileKey, ...], Field(min_length=1)]
    sources: Sources

    @cached_property
    def cited(self) -> tuple[tuple[str, str], ...]:
        """The sources as (ref, tag) pairs."""
        return tuple((source.ref, source.tag) for source in self.sources)


class PrefillStep(PolicyModel):
    """The level that the facts suggest when the rule fires."""

    level: Level
    rule: RuleSpec


class Prefill(PolicyModel):
    """How a factor is suggested from facts: the highest level of the steps that fire."""

    factor: FactorKey
    label: Label
    steps: Annotated[tuple[PrefillStep, ...], Field(min_length=1)]
    sources: Sources


class Prohibition(PolicyModel):
    """BR-10: a hit puts the model use into tier P."""

    id: RuleId
    label: Label
    rule: RuleSpec
    sources: Sources


class LoweringRole(PolicyModel):
    """Who may lower a tier by the step from one to the other."""

    tier_from: Tier
    tier_to: Tier
    role: Key


class Override(PolicyModel):
    """The limits of a manual change of tier (`regulations.md` II.2.3, Overrides)."""

    raise_line: Annotated[int, Field(ge=1, le=3)]
    lower_steps: Annotated[int, Field(ge=0, le=3)]
    lower_roles: tuple[LoweringRole, ...]
    lower_months: Annotated[int, Field(ge=1, le=12)]
    sources: Sources


class AddOn(PolicyModel):
    """Controls that follow from a flag, whatever the tier."""

    flag: Key
    label: Label
    controls: tuple[Key, ...]


class Expected(PolicyModel):
    """The row of the table in 2.4 that an example must reproduce."""

    score: str
    tier_by_score: Tier
    floors: tuple[RuleId, ...]
    tier: Tier
    near_threshold: bool
    flags: dict[Key, Key]


class Example(PolicyModel):
    """A worked case of the pack; each is a test."""

    id: ExampleId
    label: Label
    profile: ProfileKey
    classification: dict[Key, Key | tuple[Key, ...]]
    levels: Annotated[tuple[Level, ...], Field(min_length=9, max_length=9)]
    facts: dict[Key, bool | Key]
    expected: Expected
    sources: Sources

    @property
    def factors(self) -> dict[str, int]:
        """The nine levels by factor key."""
        return dict(zip(FACTOR_KEYS, self.levels, strict=True))


class GradingFile(PolicyModel):
    """`grading.yaml`."""

    scheme: Key
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+$")]
    factors: Annotated[tuple[Factor, ...], Field(min_length=9, max_length=9)]
    tiers: tuple[TierSpec, ...]
    near_band: Annotated[int, Field(ge=0, le=10)]
    reducible: tuple[FactorKey, ...]
    profiles: tuple[Profile, ...]
    prohibition: Prohibition
    floors: tuple[Floor, ...]
    prefill: tuple[Prefill, ...]
    override: Override
    add_on_controls: tuple[AddOn, ...]
    examples: tuple[Example, ...]
