"""分级: nine weighted factors make a score and a tier, floors raise it, flags stand beside it.

Pure. The same input under the same section gives the same result, with its explanation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from registry.classification.rules.readings import (
    HIGHEST_LEVEL,
    Facts,
    Levels,
    Vector,
    add_groups,
    problems,
    values,
)
from registry.classification.rules.tiers import Effect, Tier, strictest
from registry.core.errors import DomainError
from registry.core.policy.rules import Outcome, Readings, RuleReport

if TYPE_CHECKING:
    from registry.classification.schema import ClassificationSection, Flag, Floor

_QUARTERS = 4  # weight x level / 4 is a whole number of quarter points, so sums stay exact
_PASS, _FAIL, _UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class FloorHit:
    """A floor that fired, or that could not be decided, with every clause and value read.

    `minimum` is None for a floor that only adds a step (FR-14). `sources` are (ref, tag) pairs.
    """

    id: str
    outcome: Outcome
    minimum: Tier | None
    report: RuleReport
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class GradeResult:
    """The grade of one model use, with its reasons.

    score, contributions: points, exact. floor_minimum: the strictest tier a floor demands, which
    no override may undercut. unknown: dimensions and facts left out that a floor needs.
    assumed: factors nobody assessed, graded at level 4. provisional: one of the two is not empty.
    contradictions: ids of answers that cannot both be right.
    """

    score: Decimal
    tier_by_score: Tier
    tier: Tier
    floors: tuple[FloorHit, ...]
    undecided: tuple[FloorHit, ...]
    floor_minimum: Tier | None
    flags: Mapping[str, str]
    near_threshold: bool
    contributions: Mapping[str, Decimal]
    unknown: tuple[str, ...]
    assumed: tuple[str, ...]
    contradictions: tuple[str, ...]

    @property
    def provisional(self) -> bool:
        """True until every factor is assessed and every fact that a floor needs is answered."""
        return bool(self.unknown or self.assumed)

    @property
    def floor_ids(self) -> tuple[str, ...]:
        """The ids of the floors that fired, in order."""
        return tuple(hit.id for hit in self.floors)


def grade(
    section: ClassificationSection,
    vector: Vector,
    factors: Levels,
    facts: Facts,
    profile: str,
    *,
    assume_defaults: bool = False,
) -> GradeResult:
    """Grade one model use (`regulations.md` II.2.2 to 2.4; own design).

    A dimension holds one code or several; the worst case counts. What is left out is not known: a
    factor counts with level 4, a stricter minimum that cannot be ruled out applies, a floor that
    cannot be decided does not fire and is listed. With `assume_defaults` an unanswered fact takes
    the default of the pack and only what is shown counts: nothing is graded up for a gap.

    Raises DomainError `classification_invalid`, naming the field, for an input outside the pack.
    """
    known = values(section, vector, facts, assume_defaults=assume_defaults)
    readings = _readings(section, known, factors, facts, profile)
    points = {key: w * factors.get(key, HIGHEST_LEVEL) for key, w in section.weights.items()}
    total = sum(points.values())
    by_score = next(t for t, threshold in section.thresholds if total >= threshold * _QUARTERS)
    hits, undecided = _floors(section, known, readings, profile, cautious=not assume_defaults)
    tier, floor_minimum = _raised(section, by_score, hits, readings)
    return GradeResult(
        score=Decimal(total) / _QUARTERS,
        tier_by_score=by_score,
        tier=tier,
        floors=hits,
        undecided=undecided,
        floor_minimum=floor_minimum,
        flags=_flags(section, readings, hits, undecided),
        near_threshold=_near(section, total),
        contributions={key: Decimal(value) / _QUARTERS for key, value in points.items()},
        unknown=_missing(section, (*hits, *undecided), known),
        assumed=tuple(key for key in section.weights if key not in factors),
        contradictions=_contradictions(section, readings),
    )


def prefill(section: ClassificationSection, vector: Vector, facts: Facts) -> dict[str, int]:
    """The factor levels that the facts suggest; a factor without a firing step is left out.

    A departure from a suggestion needs a reason, which the caller asks for (own design).
    """
    readings = Readings(values(section, vector, facts, assume_defaults=False), coded=True)
    suggested: dict[str, int] = {}
    for one in section.grading.prefill:
        levels = [s.level for s in one.steps if s.rule.compiled.evaluate(readings) is _PASS]
        if levels:
            suggested[one.factor] = max(levels)
    return suggested


def residual(section: ClassificationSection, inherent: Levels, mitigated: Levels) -> Decimal:
    """The score after mitigants, in points (own design, `regulations.md` II.2.2).

    Raises DomainError `residual_factor` if a factor rose, or one fell that mitigants cannot lower
    (only F3, F5, F8 and F9 may fall).
    """
    total = 0
    for key, weight in section.weights.items():
        before, after = inherent[key], mitigated[key]
        if after > before or (after < before and key not in section.grading.reducible):
            allowed = ", ".join(section.grading.reducible)
            message = f"Mitigants may lower only {allowed}, and raise nothing."
            raise DomainError("residual_factor", message, field=key)
        total += weight * after
    return Decimal(total) / _QUARTERS


def _readings(
    section: ClassificationSection,
    known: Mapping[str, object],
    factors: Levels,
    facts: Facts,
    profile: str,
) -> Readings:
    for problem in problems(section, {}, factors, {}):
        raise DomainError("classification_invalid", problem.message, field=problem.field)
    if profile not in section.regimes:
        raise DomainError("profile_unknown", f"No such profile: {profile}", field="profile")
    answered = tuple(sorted(key for key, value in facts.items() if value is not None))
    beside = {"regimes": section.regimes[profile], "answered": answered}
    return Readings({**known, **factors, **beside}, coded=True)


def _contradictions(section: ClassificationSection, readings: Readings) -> tuple[str, ...]:
    rules = section.contradiction_rules
    return tuple(one for one, rule in rules if rule.evaluate(readings) is _PASS)


def _near(section: ClassificationSection, total: int) -> bool:
    band = section.grading.near_band * _QUARTERS
    edges = (threshold * _QUARTERS for _, threshold in section.thresholds if threshold)
    return any(abs(total - edge) <= band for edge in edges)


def _raised(
    section: ClassificationSection, by_score: Tier, hits: tuple[FloorHit, ...], readings: Readings
) -> tuple[Tier, Tier | None]:
    """The tier after floors, and the strictest tier a floor demands. A prohibition goes first."""
    minimum = strictest(hit.minimum for hit in hits)
    tier = strictest((by_score, minimum)) or by_score
    if any(hit.minimum is None for hit in hits):
        tier = minimum = tier.raised()
    if section.grading.prohibition.rule.compiled.evaluate(readings) is _PASS:
        return Tier.P, Tier.P
    return tier, minimum


def _floors(
    section: ClassificationSection,
    known: dict[str, object],
    readings: Readings,
    profile: str,
    *,
    cautious: bool,
) -> tuple[tuple[FloorHit, ...], tuple[FloorHit, ...]]:
    """The floors that fired and those that could not be decided, each in order of their ids."""
    fired: list[FloorHit] = []
    undecided: list[FloorHit] = []
    for floor in section.floors_of[profile]:
        outcome = floor.rule.compiled.evaluate(readings)
        if outcome is _FAIL:
            continue
        minimum = _minimum(floor, readings, cautious=cautious)
        if outcome is _PASS and floor.effect is Effect.IN_HOUSE_EQUIVALENT:
            in_house = _in_house(section, floor, known, profile, cautious)
            minimum = strictest((minimum, in_house)) or minimum
        hit = FloorHit(
            id=floor.id,
            outcome=outcome,
            minimum=None if floor.effect is Effect.ONE_STEP_UP else minimum,
            report=floor.rule.compiled.report(readings),
            sources=floor.cited,
        )
        (fired if outcome is _PASS else undecided).append(hit)
    ids = {hit.id for hit in fired}
    superseded = {f.id for f in section.grading.floors if f.superseded_by in ids}
    return (
        tuple(hit for hit in fired if hit.id not in superseded),
        tuple(hit for hit in undecided if hit.id not in superseded),
    )


def _minimum(floor: Floor, readings: Readings, *, cautious: bool) -> Tier:
    """The minimum of a floor; being cautious, a stricter one that cannot be ruled out applies."""
    minimum = floor.minimum
    for one in floor.stricter:
        outcome = one.rule.compiled.evaluate(readings)
        if outcome is _PASS or (cautious and outcome is _UNKNOWN):
            minimum = strictest((minimum, one.minimum)) or minimum
    return minimum


def _in_house(
    section: ClassificationSection,
    floor: Floor,
    known: dict[str, object],
    profile: str,
    cautious: bool,
) -> Tier | None:
    """The minimum that the floors would set for the same score, decided and made in-house."""
    changed = known | {dimension: (code,) for dimension, code in floor.equivalent.items()}
    add_groups(section, changed)
    readings = Readings(changed, coded=True)
    return strictest(
        _minimum(other, readings, cautious=cautious)
        for other in section.floors_of[profile]
        if other.effect is Effect.MINIMUM and other.rule.compiled.evaluate(readings) is _PASS
    )


def _flags(
    section: ClassificationSection,
    readings: Readings,
    hits: Iterable[FloorHit],
    undecided: Iterable[FloorHit],
) -> dict[str, str]:
    by_floor = {flag: "to_assess" for hit in undecided for flag in section.set_by[hit.id]}
    for hit in hits:
        by_floor.update(section.set_by[hit.id])
    return {
        flag.key: by_floor.get(flag.key) or _flag(flag, readings)
        for flag in section.classification.flags
    }


def _flag(flag: Flag, readings: Readings) -> str:
    for one in flag.rules:
        outcome = one.rule.compiled.evaluate(readings)
        if outcome is _PASS:
            return one.value
        if outcome is _UNKNOWN:
            return "to_assess"
    return flag.default


def _missing(
    section: ClassificationSection, hits: Iterable[FloorHit], known: Mapping[str, object]
) -> tuple[str, ...]:
    """What floors and the prohibited-practice screen needed and did not find, in pack order."""
    missing: set[str] = set()
    for hit in hits:
        names = section.floor_reads[hit.id]
        if hit.outcome is _PASS:
            names = section.stricter_reads[hit.id]
        missing.update(section.origin.get(name, name) for name in names if name not in known)
    screen = section.grading.prohibition.rule.compiled.reads
    missing.update(name for name in screen if name not in known)
    return tuple(name for name in (*section.codes, *section.facts) if name in missing)
