"""`classification.yaml`: what may be said about a model use, and what stands beside its tier."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from registry.core.policy.schema import Key, Label, PolicyModel, RuleId, RuleSpec, Source

Sources = Annotated[tuple[Source, ...], Field(min_length=1)]


class Dimension(PolicyModel):
    """One of the coded dimensions of 分类. `multi` says that several codes are normal.

    A list is accepted for every dimension; `multi` only decides how a form asks.
    """

    key: Key
    number: Annotated[str, StringConstraints(pattern=r"^D[0-9]{1,2}$")]
    label: Label
    multi: bool = False
    multi_reason: Label | None = None
    codes: dict[Key, Label]
    sources: Sources

    @model_validator(mode="after")
    def _multi_is_reasoned(self) -> Dimension:
        if self.multi != (self.multi_reason is not None):
            raise ValueError("multi_reason is given exactly where multi is true")
        return self


class Group(PolicyModel):
    """A named set of codes of one dimension, read in clauses as true, false or unknown."""

    key: Key
    label: Label
    dimension: Key
    codes: tuple[Key, ...]
    note: Label | None = None
    sources: Sources

    @cached_property
    def members(self) -> frozenset[str]:
        """The codes, for fast intersection."""
        return frozenset(self.codes)


class Fact(PolicyModel):
    """Something that a rule needs and no dimension says.

    A yes/no fact has no `codes`; `default` is what a grade without a person behind it assumes.
    """

    key: Key
    label: Label
    question: Label
    default: bool | Key | None
    default_meaning: Label
    codes: dict[Key, Label] | None = None
    read_by: tuple[RuleId, ...] = ()
    derived: bool = False
    sources: Sources


class FlagRule(PolicyModel):
    """The flag takes `value` when the rule fires and no earlier rule of the flag did."""

    value: Key
    rule: RuleSpec
    sources: Sources


class Flag(PolicyModel):
    """A regulatory result computed beside the tier. An undecided rule gives `to_assess`.

    A flag without `values` of its own takes those of `flag_values`.
    """

    key: Key
    label: Label
    values: dict[Key, Label] | None = None
    default: Key
    rules: tuple[FlagRule, ...] = ()
    sources: Sources


class Contradiction(PolicyModel):
    """Two answers that cannot both be right; shown to the person, never corrected silently."""

    id: RuleId
    message: Label
    rule: RuleSpec
    sources: Sources


class ClassificationFile(PolicyModel):
    """`classification.yaml`."""

    dimensions: tuple[Dimension, ...]
    groups: tuple[Group, ...]
    facts: tuple[Fact, ...]
    flag_values: dict[Key, Label]
    flags: tuple[Flag, ...]
    contradictions: tuple[Contradiction, ...]
