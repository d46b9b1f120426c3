"""What a gateway is answered: stop, restricted, hold or proceed. Pure.

In that order: a stop outranks a restriction, which outranks a checkpoint. What a trigger cannot
decide holds the decision: a missing field never looks like a harmless one (RI-01).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.core.policy.rules import Outcome, Readings, Rule


class Answer(StrEnum):
    """What the gateway does with the decision."""

    PROCEED = "proceed"
    HOLD = "hold"
    RESTRICTED = "restricted"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A checkpoint's rule, and whether the decision waits for a person where it fires."""

    key: str
    rule: Rule
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and the checkpoints that fired, the first one first."""

    answer: Answer
    fired: tuple[str, ...] = ()


def fired(triggers: Iterable[Trigger], values: Mapping[str, object]) -> tuple[str, ...]:
    """The keys of the triggers that fire, or that cannot be decided, for the values."""
    readings = Readings(values)
    return tuple(one.key for one in triggers if one.rule.evaluate(readings) is not Outcome.FAIL)


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
    return tuple(sorted({path.split(".")[0] for one in triggers for path in one.rule.reads}))
