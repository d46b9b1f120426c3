"""What a gateway is answered: stop, restricted, hold or proceed. Pure.

In that order: a stop outranks a restriction, which outranks a checkpoint. What a trigger cannot
decide holds the decision: a missing field never looks like a harmless one (RI-01).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance.checkpoints.rules.scope import Scope
from registry.core.policy.rules import Outcome, Readings, Rule


class Answer(StrEnum):
    """What the gateway does with the decision."""

    PROCEED = "proceed"
    HOLD = "hold"
    RESTRICTED = "restricted"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A checkpoint's rule, and whether the decision waits for a person where it fires.

    scope: what the checkpoint holds back of an agent's actions, whatever its rule says.
    """

    key: str
    rule: Rule | None
    waits: bool = True
    scope: Scope | None = None

    def fires(self, readings: Readings, output: object) -> bool:
        """Whether it does, or cannot be decided."""
        if self.rule is not None and self.rule.evaluate(readings) is not Outcome.FAIL:
            return True
        return self.scope is not None and self.scope.why_waits(output) is not None

    @property
    def names(self) -> set[str]:
        """The names that it reads."""
        paths = self.rule.reads if self.rule is not None else ()
        return {path.split(".")[0] for path in paths} | ({"output"} if self.scope else set())


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and the checkpoints that fired, the first one first."""

    answer: Answer
    fired: tuple[str, ...] = ()


def fired(triggers: Iterable[Trigger], values: Mapping[str, object]) -> tuple[str, ...]:
    """The keys of the triggers that fire, or that cannot be decided, for the values."""
    readings, output = Readings(values), values.get("output")
    return tuple(one.key for one in triggers if one.fires(readings, output))


def verdict(
    triggers: tuple[Trigger, ...],
    values: Mapping[str, object],
    *,
    is_stopped: bool = False,
    is_restricted: bool = False,
) -> Verdict:
    """The answer for one decision."""
    if is_stopped:
        return Verdict(Answer.STOP)
    found = fired(triggers, values) if triggers else ()
    if is_restricted:
        return Verdict(Answer.RESTRICTED, found)
    waiting = {one.key for one in triggers if one.waits}
    return Verdict(Answer.HOLD if waiting & set(found) else Answer.PROCEED, found)


def names_read(triggers: Iterable[Trigger]) -> tuple[str, ...]:
    """The names that some trigger reads."""
    return tuple(sorted({name for one in triggers for name in one.names}))
