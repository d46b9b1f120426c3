"""`lifecycle.yaml`: what must be shown before a release moves on (regulations II.3.2, II.1.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from registry.core.policy.schema import Key, Label, PolicyModel, RuleSpec, Source, Words

StageKey = Literal["S0", "S1", "S2", "S3", "S4", "S5", "S8"]
TierKey = Literal["I", "II", "III", "IV"]
Strength = Literal["M", "R", "-"]


class ByTier(PolicyModel):
    """M mandatory, R recommended, - not needed."""

    I: Strength  # noqa: E741 (the tier's own name)
    II: Strength
    III: Strength
    IV: Strength

    def of(self, tier: str) -> Strength:
        """The strength for the tier. P is as strict as I: it never goes live anyway."""
        strength: Strength = getattr(self, "I" if tier == "P" else tier)
        return strength


class Alternative(PolicyModel):
    """Another way to meet a requirement, confirmed by the second line.

    Where documents are named, it counts only with a current document of one of these kinds.
    """

    zh: Words
    en: Words
    documents: tuple[Key, ...] = ()

    @property
    def label(self) -> Label:
        """Its words alone."""
        return Label(zh=self.zh, en=self.en)


class Requirement(PolicyModel):
    """One exit criterion of a stage (for S5: of the entry).

    It is met by a named fact, or by a current document of one of `documents`; by either, where it
    names both. Where `when` is given, only if that rule fires for some tiers (`when_tiers`, all by
    default).
    """

    key: Key
    exit: StageKey
    label: Label
    tiers: ByTier
    fact: Key | None = None
    documents: tuple[Key, ...] = ()
    when: RuleSpec | None = None
    when_tiers: tuple[TierKey, ...] = ("I", "II", "III", "IV")
    who: Annotated[tuple[Key, ...], Field(min_length=1)]
    alternative: Alternative | None = None
    not_applicable: bool = False
    waivable: bool = False
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _met_somehow(self) -> Requirement:
        if not self.fact and not self.documents:
            raise ValueError("a requirement is met by a fact or by documents")
        return self


class BlockingRule(PolicyModel):
    """阻断规则: fires → the release does not move into the stages. Never waived."""

    id: Annotated[str, Field(pattern=r"^BR-[0-9]{2}$")]
    label: Label
    rule: RuleSpec
    blocks: Annotated[tuple[StageKey, ...], Field(min_length=1)]
    way_out: Label
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class Pilot(PolicyModel):
    """How long a pilot lasts at least, in days, by tier."""

    days: dict[TierKey, Annotated[int, Field(ge=0, le=365)]]


class LifecycleSection(PolicyModel):
    """Requirements and blocking rules, and the limits they use."""

    requirements: tuple[Requirement, ...]
    blocking_rules: tuple[BlockingRule, ...]
    pilot: Pilot
    waiver_days: Annotated[int, Field(ge=1, le=90)]
    revalidation_months: dict[TierKey, Annotated[int, Field(ge=1, le=60)]]
    revalidation_grace_days: dict[TierKey, Annotated[int, Field(ge=0, le=120)]]

    @model_validator(mode="after")
    def _keys_are_unique(self) -> LifecycleSection:
        keys = [one.key for one in self.requirements] + [one.id for one in self.blocking_rules]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{twice[0]} stands twice")
        return self

    def lint(
        self,
        names: Collection[str],
        facts: Collection[str],
        kinds: Mapping[str, Mapping[str, Any]],  # Any: the pack's text
    ) -> None:
        """Every clause reads declared names, every fact and kind of document exists.

        Who can supply a document are those who may hand it in.
        """
        for one in self.requirements:
            if one.when is not None:
                one.when.lint(f"lifecycle.yaml: {one.key}", names)
            if one.fact is not None and one.fact not in facts:
                raise ValueError(f"lifecycle.yaml: {one.key}: no such fact: {one.fact}")
            for kind in one.documents:
                if kind not in kinds:
                    raise ValueError(f"lifecycle.yaml: {one.key}: no such document: {kind}")
                givers = kinds[kind].get("by", ())
                if givers and set(givers) != set(one.who):
                    raise ValueError(f"lifecycle.yaml: {one.key}: {kind} is handed in by others")
            for kind in one.alternative.documents if one.alternative else ():
                if kind not in kinds:
                    raise ValueError(f"lifecycle.yaml: {one.key}: no such document: {kind}")
        for rule in self.blocking_rules:
            rule.rule.lint(f"lifecycle.yaml: {rule.id}", names)
