"""Gates: (tier, facts, policy) → what is missing. One answer for page, API and refusal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from registry.core.policy.rules import Outcome, Readings

if TYPE_CHECKING:
    from governance.lifecycle.schema import BlockingRule, LifecycleSection, Requirement

ORDER = ("S0", "S1", "S2", "S3", "S4", "S5")


class Met(StrEnum):
    """How a requirement stands."""

    EVIDENCE = "evidence"
    FACT = "fact"
    ALTERNATIVE = "alternative"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"
    MISSING = "missing"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True)
class FactValue:
    """A named fact: whether it holds, and in words why (not)."""

    holds: bool
    why_zh: str = ""
    why_en: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that a gate looks at, gathered before it is asked.

    readings: what clauses may read; named: facts of requirements; documents: kinds that have a
    current document; alternatives, not_applicable: confirmed; waived: granted and in force.
    """

    tier: str
    stage: str
    readings: Mapping[str, object]
    named: Mapping[str, FactValue]
    documents: frozenset[str]
    alternatives: frozenset[str] = frozenset()
    not_applicable: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()
    stopped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One requirement as it stands.

    undecided: names that a condition could not read; lacks: the kinds of documents of which the
    confirmed alternative needs one, and that are not there.
    """

    requirement: Requirement
    met: Met
    is_mandatory: bool
    why_zh: str = ""
    why_en: str = ""
    undecided: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def is_missing(self) -> bool:
        """Whether it keeps the gate shut."""
        return self.met is Met.MISSING and self.is_mandatory


@dataclass(frozen=True)
class Blocked:
    """A blocking rule that fires, or that cannot be decided for want of a value."""

    rule: BlockingRule
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gate:
    """The whole answer to “why can't it go there?”."""

    to: str
    items: tuple[Item, ...]
    blocked: tuple[Blocked, ...]
    stopped: tuple[str, ...] = field(default=())

    @property
    def missing(self) -> tuple[Item, ...]:
        """The requirements that keep it shut."""
        return tuple(item for item in self.items if item.is_missing)

    @property
    def is_open(self) -> bool:
        """Whether the release may move."""
        return not (self.missing or self.blocked or self.stopped)


def gate(section: LifecycleSection, facts: Facts, to: str) -> Gate:
    """What stands between the release and the stage: every exit up to there, every rule."""
    readings = Readings(facts.readings)
    items = tuple(
        _item(requirement, facts, readings)
        for requirement in section.requirements
        if _counts(requirement, to)
    )
    blocked = tuple(
        found
        for rule in section.blocking_rules
        if to in rule.blocks and (found := _blocked(rule, readings)) is not None
    )
    return Gate(to, items, blocked, facts.stopped if to in ("S4", "S5") else ())


def _counts(requirement: Requirement, to: str) -> bool:
    """Exits of the stages before `to`; S5's own criteria hold on entry; S8 asks for its plan."""
    if to == "S8":
        return requirement.exit == "S8"
    if requirement.exit == "S8":
        return False
    if requirement.exit == "S5":
        return to == "S5"
    return ORDER.index(requirement.exit) < ORDER.index(to)


def _item(requirement: Requirement, facts: Facts, readings: Readings) -> Item:
    strength = requirement.tiers.of(facts.tier or "I")
    undecided: tuple[str, ...] = ()
    if strength == "-":
        return Item(requirement, Met.NOT_NEEDED, is_mandatory=False)
    if requirement.when is not None and (facts.tier or "I") in (*requirement.when_tiers, "P"):
        outcome = requirement.when.compiled.evaluate(readings)
        if outcome is Outcome.FAIL:
            return Item(requirement, Met.NOT_NEEDED, is_mandatory=False)
        if outcome is Outcome.UNKNOWN:
            undecided = _unread(requirement.when.compiled.reads, readings)
    met, why = _how(requirement, facts)
    is_mandatory = strength == "M"
    lacks = _lacks(requirement, facts) if met is Met.MISSING else ()
    return Item(requirement, met, is_mandatory, why.why_zh, why.why_en, undecided, lacks)


def _how(requirement: Requirement, facts: Facts) -> tuple[Met, FactValue]:
    nothing = FactValue(holds=False)
    fact = facts.named.get(requirement.fact, nothing) if requirement.fact else nothing
    if fact.holds:
        return Met.FACT, fact
    if facts.documents & set(requirement.documents):
        return Met.EVIDENCE, nothing
    if _is_confirmed(requirement, facts):
        if not _lacks(requirement, facts):
            return Met.ALTERNATIVE, nothing
        fact = FactValue(
            False, "替代方式已确认，尚缺证明材料", "The alternative's proof is missing"
        )
    if requirement.key in facts.not_applicable and requirement.not_applicable:
        return Met.NOT_APPLICABLE, nothing
    if requirement.key in facts.waived and requirement.waivable:
        return Met.WAIVED, nothing
    return Met.MISSING, fact


def _is_confirmed(requirement: Requirement, facts: Facts) -> bool:
    return requirement.key in facts.alternatives and requirement.alternative is not None


def _lacks(requirement: Requirement, facts: Facts) -> tuple[str, ...]:
    """The kinds of documents that the confirmed alternative waits for."""
    if requirement.alternative is None or not _is_confirmed(requirement, facts):
        return ()
    needed = requirement.alternative.documents
    return () if facts.documents & set(needed) else needed


def _blocked(rule: BlockingRule, readings: Readings) -> Blocked | None:
    outcome = rule.rule.compiled.evaluate(readings)
    if outcome is Outcome.FAIL:
        return None
    if outcome is Outcome.PASS:
        return Blocked(rule)
    return Blocked(rule, _unread(rule.rule.compiled.reads, readings))


def _unread(paths: tuple[str, ...], readings: Readings) -> tuple[str, ...]:
    return tuple(path for path in paths if readings.read(path) is None)
