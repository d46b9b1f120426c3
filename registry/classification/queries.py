"""Reading grades; grading without writing anything (the live preview)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models

from registry.catalogue.queries import may_be_seen
from registry.classification import rules
from registry.classification.models import Grade
from registry.classification.rules import GradeResult
from registry.classification.rules.answering import read_answers
from registry.classification.rules.readings import values
from registry.classification.schema import ClassificationSection
from registry.core.errors import DomainError
from registry.core.ledger.rules import digest_of, plain
from registry.core.people.models import User
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.usecases.models import ModelUse
from registry.usecases.queries import other_tiers


@dataclass(frozen=True)
class Inputs:
    """What is told for a grading. Answers are read into the other three; those then win.

    answers: question key → answer code or codes; classification: dimension → code(s);
    factors: F1..F9 → 0..4, None is not yet assessed; facts: key → yes/no or code;
    reasons: why a factor departs from what the facts suggest.
    """

    answers: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    classification: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    factors: dict[str, int | None] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Graded:
    """A grading with what went into it: the full vector, facts and factors."""

    pack: PackRelease
    profile: str
    vector: dict[str, Any]  # Any: JSON
    facts: dict[str, Any]  # Any: JSON
    factors: dict[str, int]
    suggested: dict[str, int]
    reasons: dict[str, str]
    result: GradeResult

    @property
    def departures(self) -> list[str]:
        """Factors that are lower or higher than the facts suggest."""
        return sorted(
            key for key, level in self.suggested.items() if self.factors.get(key, level) != level
        )

    @property
    def input_digest(self) -> str:
        """What identifies the input, the pack release included."""
        return digest_of(
            {
                "pack": self.pack.sha256,
                "profile": self.profile,
                "classification": self.vector,
                "facts": self.facts,
                "factors": self.factors,
            }
        )


def section_of(pack: PackRelease) -> ClassificationSection:
    """The pack's section on classification and grading."""
    found = policy.section(pack, "classification")
    assert isinstance(found, ClassificationSection)  # noqa: S101 (declared so in registry.apps)
    return found


def preview(inputs: Inputs, pack: PackRelease | None = None) -> Graded:
    """The grade that the inputs would get today. Raises DomainError naming the wrong field."""
    pack = pack or policy.active_pack()
    section = section_of(pack)
    answered = read_answers(section, inputs.answers)
    vector = answered.vector | inputs.classification
    facts = {
        key: value for key, value in (answered.facts | inputs.facts).items() if value is not None
    }
    said = answered.factors | inputs.factors
    for problem in rules.problems(section, vector, {}, facts):
        raise DomainError(
            "classification_invalid", problem.message, field=problem.field, status=400
        )
    suggested = rules.prefill(section, vector, facts)
    factors = suggested | {key: level for key, level in said.items() if level is not None}
    for key, level in said.items():
        if level is None:
            factors.pop(key, None)
    profile = pack.profile or section.default_profile
    result = rules.grade(section, vector, factors, facts, profile)
    return Graded(pack, profile, vector, facts, factors, suggested, inputs.reasons, result)


def explanation(graded: Graded) -> dict[str, Any]:  # Any: JSON
    """The result with its reasons, as JSON: each factor, each floor with its clause, each flag."""
    section = section_of(graded.pack)
    result = graded.result
    return {
        "score": str(result.score),
        "tier_by_score": result.tier_by_score.value,
        "tier": result.tier.value,
        "floors": _floors(graded, section),
        "undecided": [hit.id for hit in result.undecided],
        "contributions": _contributions(graded, section),
        "flags": plain(dict(result.flags)),
        "near_threshold": result.near_threshold,
        "provisional": result.provisional,
        "unknown": list(result.unknown),
        "unknown_labels": [label_of(section, key) for key in result.unknown],
        "assumed": list(result.assumed),
        "contradictions": [
            {"id": one.id, "message": one.message.model_dump()}
            for one in section.classification.contradictions
            if one.id in result.contradictions
        ],
        "pack": {"key": graded.pack.key, "version": graded.pack.version,
                 "sha256": graded.pack.sha256, "profile": graded.profile},
    }  # fmt: skip


def _floors(graded: Graded, section: ClassificationSection) -> list[dict[str, Any]]:  # Any: JSON
    labels = {floor.id: floor for floor in section.grading.floors}
    return [
        {
            "id": hit.id,
            "minimum": hit.minimum.value if hit.minimum else None,
            "label": labels[hit.id].label.model_dump() if hit.id in labels else None,
            "sources": [{"ref": ref, "tag": tag} for ref, tag in hit.sources],
        }
        for hit in graded.result.floors
    ]


def _contributions(
    graded: Graded, section: ClassificationSection
) -> list[dict[str, Any]]:  # Any: JSON
    factors = {factor.key: factor for factor in section.grading.factors}
    return [
        {
            "factor": key,
            "label": factors[key].label.model_dump(),
            "level": graded.factors.get(key),
            "suggested": graded.suggested.get(key),
            "level_label": factors[key].levels[graded.factors.get(key, 4)].model_dump(),
            "weight": factors[key].weight,
            "points": str(points),
        }
        for key, points in graded.result.contributions.items()
    ]


def label_of(section: ClassificationSection, key: str) -> dict[str, str]:
    """A dimension, fact or factor in words, zh and en."""
    for one in section.classification.dimensions:
        if one.key == key:
            return one.label.model_dump()
    for factor in section.grading.factors:
        if factor.key == key:
            return factor.label.model_dump()
    fact = section.facts.get(key)
    return fact.label.model_dump() if fact else {"zh": key, "en": key}


def latest(use: ModelUse) -> Grade | None:
    """The use's last grade, whether or not it is in force."""
    return (
        Grade.objects.filter(model_use=use)
        .select_related("pack", "graded_by", "confirmation__confirmed_by")
        .order_by("-number")
        .first()
    )


def is_shown(grade: Grade, use: ModelUse) -> bool:
    """Whether the use shows this grade as in force; a lower one does not until it is confirmed."""
    flags: dict[str, Any] = grade.result["flags"]  # Any: JSON
    shown = digest_of({"input": grade.input_digest, "tier": use.tier, "flags": flags})
    return use.grade_digest == shown


def in_force(use: ModelUse) -> Grade | None:
    """The grade that counts: the last one that the use shows."""
    grades = (
        Grade.objects.filter(model_use=use)
        .select_related("pack", "graded_by", "confirmation__confirmed_by")
        .order_by("-number")
    )
    return next((grade for grade in grades.iterator(10) if is_shown(grade, use)), None)


def readings(use: ModelUse, grade: Grade | None) -> dict[str, object]:
    """What clauses may read of a use: tier, flags, and the grade's dimensions, groups and facts.

    What is not known is not there. Without a tier it reads as I.
    """
    found: dict[str, object] = {}
    if grade is not None:
        known = values(section_of(grade.pack), grade.vector, grade.facts, assume_defaults=False)
        found = {key: list(one) if isinstance(one, tuple) else one for key, one in known.items()}
    found |= {f"flag_{key}": one for key, one in use.flags.items()}
    return found | {"tier": use.tier or "I"}


def is_stale(grade: Grade) -> bool:
    """Whether policy has moved on since: derived from digests, never stored."""
    pack = policy.active_pack()
    return grade.pack.sha256 != pack.sha256 or grade.profile != pack.profile


def grades_otherwise(grade: Grade) -> bool:
    """Whether the policy in force grades by other rules than those the grade was given by."""
    pack = policy.active_pack()
    return grade.profile != pack.profile or section_of(grade.pack) != section_of(pack)


def needs_confirmation(grade: Grade) -> bool:
    """Whether the grade needs a second person (HG-01).

    Tiers I to III, grades near a threshold and lower grades do; a IV does where another use of the
    same model is higher: one of the two may be wrong.
    """
    if grade.tier != "IV" or grade.is_near_threshold or not is_shown(grade, grade.model_use):
        return True
    return any(tier != "IV" for tier in other_tiers(grade.model_use))


def asks_second_person(graded: Graded) -> bool:
    """The same, of a grading that has not been written."""
    return graded.result.tier.value != "IV" or graded.result.near_threshold


def visible_grades(user: User) -> models.QuerySet[Grade]:
    """The grades of the uses that the person may see."""
    return Grade.objects.filter(may_be_seen(user, "model_use__model__"))


def ungraded_flags(most: int) -> list[tuple[str, int]]:
    """Uses whose flags are not those of any of their grades: the first, and how many."""
    statement = (
        "SELECT u.id, count(*) OVER () FROM registry_modeluse u WHERE NOT EXISTS (SELECT FROM"
        " registry_grade g WHERE g.model_use_id = u.id AND g.result -> 'flags' = u.flags)"
        " ORDER BY u.id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [most])
        rows = cursor.fetchall()
    told = "registry.modeluse {} shows flags that none of its grades says"
    return [(told.format(key), total) for key, total in rows]
