"""From a classification vector, factor levels and facts to the values that clauses read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.core.errors import DomainError

if TYPE_CHECKING:
    from registry.classification.schema import ClassificationSection, Fact

Vector = Mapping[str, "str | Sequence[str]"]
Levels = Mapping[str, int]
Facts = Mapping[str, "bool | str | None"]

HIGHEST_LEVEL = 4


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an input cannot be graded: the field, as `classification.technique`, and the reason."""

    field: str
    message: str


def problems(
    section: ClassificationSection, vector: Vector, factors: Levels, facts: Facts
) -> Iterator[Problem]:
    """Every unknown key, unknown code, wrong type and level outside 0 to 4, in field order."""
    for dimension, given in vector.items():
        codes = section.codes.get(dimension)
        if codes is None:
            yield Problem(f"classification.{dimension}", "unknown dimension")
        elif type(given) is not str or given not in codes:
            yield from _code_problems(f"classification.{dimension}", given, codes)
    for factor, level in factors.items():
        if factor in section.weights and type(level) is int and 0 <= level <= HIGHEST_LEVEL:
            continue
        if factor not in section.weights:
            yield Problem(f"factors.{factor}", "unknown factor")
        elif type(level) is not int:
            yield Problem(f"factors.{factor}", f"a level is a whole number, not {level!r}")
        else:
            yield Problem(f"factors.{factor}", f"a level is 0 to {HIGHEST_LEVEL}, not {level}")
    for key, value in facts.items():
        fact = section.facts.get(key)
        if fact is None:
            yield Problem(f"facts.{key}", "unknown fact")
        elif value is not None and not _fits(fact, value):
            wanted = "yes or no" if fact.codes is None else "one of " + ", ".join(fact.codes)
            yield Problem(f"facts.{key}", f"{wanted}, not {value!r}")


def _code_problems(field: str, given: object, codes: frozenset[str]) -> Iterator[Problem]:
    listed = given if isinstance(given, list | tuple) else (given,)
    if not listed:
        yield Problem(field, "an empty list; leave the dimension out if it is not known")
    for code in listed:
        if not isinstance(code, str):
            yield Problem(field, f"a code is text, not {code!r}")
        elif code not in codes:
            yield Problem(field, f"unknown code {code!r}")


def _fits(fact: Fact, value: object) -> bool:
    if fact.codes is None:
        return isinstance(value, bool)
    return isinstance(value, str) and value in fact.codes


def values(
    section: ClassificationSection,
    vector: Vector,
    facts: Facts,
    *,
    assume_defaults: bool,
) -> dict[str, object]:
    """What clauses may read of dimensions, groups and facts; what is not known is not there.

    Every dimension is a tuple. A group is true if one of its codes is given, so that with several
    codes the worst case counts. With `assume_defaults` an unanswered fact takes its default.
    Raises DomainError `classification_invalid` for a vector or fact that `problems` names.
    """
    for problem in problems(section, vector, {}, facts):
        raise DomainError("classification_invalid", problem.message, field=problem.field)
    known: dict[str, object] = {}
    for dimension, given in vector.items():
        known[dimension] = (given,) if isinstance(given, str) else tuple(given)
    add_groups(section, known)
    if assume_defaults:
        known.update(section.fact_defaults)
    known.update((key, value) for key, value in facts.items() if value is not None)
    return known


def add_groups(section: ClassificationSection, known: dict[str, object]) -> None:
    """Set each group whose dimension is known."""
    for key, dimension, members in section.group_members:
        given = known.get(dimension)
        if isinstance(given, tuple):
            known[key] = not members.isdisjoint(given)
