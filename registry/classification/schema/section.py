"""The three files of the section together, with what rules look up in them."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import model_validator

from registry.classification.rules.tiers import Tier
from registry.classification.schema import checks
from registry.classification.schema.classification import ClassificationFile, Fact, Group
from registry.classification.schema.grading import Floor, GradingFile
from registry.classification.schema.questionnaire import QuestionnaireFile
from registry.core.policy.rules import PolicyError, Rule
from registry.core.policy.schema import Label, PolicyModel, load_yaml, validate


class ClassificationSection(PolicyModel):
    """The three files, cross-checked: every key unique, every name declared, every clause linted.

    Building one raises PolicyError naming the rule and the clause.
    """

    pack: str
    classification: ClassificationFile
    grading: GradingFile
    questionnaire: QuestionnaireFile

    @model_validator(mode="after")
    def _cross_checked(self) -> ClassificationSection:
        checks.lint(self)
        for problem in checks.problems(self):
            raise PolicyError(problem)
        return self

    @cached_property
    def codes(self) -> dict[str, frozenset[str]]:
        """The codes of each dimension, in the order D1 to D17."""
        return {one.key: frozenset(one.codes) for one in self.classification.dimensions}

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """The declared facts by key."""
        return {fact.key: fact for fact in self.classification.facts}

    @cached_property
    def groups(self) -> dict[str, Group]:
        """The declared groups by key."""
        return {group.key: group for group in self.classification.groups}

    @cached_property
    def regimes(self) -> dict[str, tuple[str, ...]]:
        """The regimes that each profile switches on."""
        return {profile.key: profile.regimes for profile in self.grading.profiles}

    @cached_property
    def weights(self) -> dict[str, int]:
        """The weight of each factor, in points at level 4."""
        return {factor.key: factor.weight for factor in self.grading.factors}

    @cached_property
    def thresholds(self) -> tuple[tuple[Tier, int], ...]:
        """Tiers with their lowest score, strictest first."""
        scored = [(t.key, t.threshold) for t in self.grading.tiers if t.threshold is not None]
        return tuple(sorted(scored, key=lambda pair: -pair[1]))

    @cached_property
    def fact_defaults(self) -> dict[str, bool | str]:
        """What an unanswered fact is taken to be where nobody can be asked."""
        return {key: one.default for key, one in self.facts.items() if one.default is not None}

    @cached_property
    def group_members(self) -> tuple[tuple[str, str, frozenset[str]], ...]:
        """Each group's key, dimension and codes."""
        return tuple((one.key, one.dimension, one.members) for one in self.groups.values())

    @cached_property
    def origin(self) -> dict[str, str]:
        """The dimension from which each group is derived."""
        return {key: group.dimension for key, group in self.groups.items()}

    @cached_property
    def floors_of(self) -> dict[str, tuple[Floor, ...]]:
        """The floors that are active under each profile, in order of their ids."""
        floors = sorted(self.grading.floors, key=lambda floor: floor.id)
        return {key: tuple(f for f in floors if key in f.profiles) for key in self.regimes}

    @cached_property
    def flag_values(self) -> dict[str, dict[str, Label]]:
        """The values that each flag may take, with their labels."""
        shared = self.classification.flag_values
        return {flag.key: flag.values or shared for flag in self.classification.flags}

    @cached_property
    def contradiction_rules(self) -> tuple[tuple[str, Rule], ...]:
        """The id and the compiled rule of each contradiction."""
        return tuple((one.id, one.rule.compiled) for one in self.classification.contradictions)

    @cached_property
    def set_by(self) -> dict[str, dict[str, str]]:
        """The flags that each floor sets when it fires."""
        return {floor.id: dict(floor.sets) for floor in self.grading.floors}

    @cached_property
    def floor_reads(self) -> dict[str, tuple[str, ...]]:
        """The names that each floor's rule reads."""
        return {floor.id: floor.rule.compiled.reads for floor in self.grading.floors}

    @cached_property
    def stricter_reads(self) -> dict[str, tuple[str, ...]]:
        """The names that each floor's stricter minima read."""
        return {
            floor.id: tuple(name for one in floor.stricter for name in one.rule.compiled.reads)
            for floor in self.grading.floors
        }

    @property
    def default_profile(self) -> str:
        """The profile that applies where nobody chose another."""
        return next(profile.key for profile in self.grading.profiles if profile.default)


@lru_cache(maxsize=8)
def load_section(pack_directory: Path) -> ClassificationSection:
    """Read and check the three files of a pack; read once per process and directory.

    Raises PolicyError with file and line, or with the rule and the clause.
    """
    directory = Path(pack_directory)
    names = ("classification.yaml", "grading.yaml", "questionnaire.yaml")
    first, second, third = ((name, load_yaml(directory / name)) for name in names)
    return ClassificationSection(
        pack=directory.name,
        classification=validate(ClassificationFile, first[1], first[0]),
        grading=validate(GradingFile, second[1], second[0]),
        questionnaire=validate(QuestionnaireFile, third[1], third[0]),
    )
