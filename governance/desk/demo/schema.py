"""The shape of seeds/demo/*.yaml. A misspelt key is an error that names file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from registry.classification.schema import Example, load_section
from registry.core.people.rules import Role
from registry.core.policy.schema import Label, PolicyModel, load_yaml, validate

Milestone = Literal["S0", "S1", "S2", "signed", "S3", "vote", "S4", "S5"]
StageKey = Literal["S0", "S1", "S2", "S3", "S4", "S5"]


class Entity(PolicyModel):
    """A branch or subsidiary."""

    code: str
    zh: str
    en: str = ""


class Department(Entity):
    """A department of an entity."""

    entity: str
    parent: str = ""


class Post(Entity):
    """A post with its holder, a user name."""

    department: str
    holder: str


class System(Entity):
    """A system with its protection level (等保)."""

    entity: str
    department: str
    level: int


class Seat(PolicyModel):
    """A seat of a person (user name) or of a post (code)."""

    person: str = ""
    post: str = ""
    name: str = ""
    chair: bool = False


class Committee(Entity):
    """A committee with its seats."""

    seats: tuple[Seat, ...]


class Institution(PolicyModel):
    """`institution.yaml`."""

    document: str
    founded_days_ago: int
    entity: Entity
    entities: tuple[Entity, ...]
    departments: tuple[Department, ...]
    posts: tuple[Post, ...]
    systems: tuple[System, ...]
    committees: tuple[Committee, ...]


class Person(PolicyModel):
    """One of `people.yaml`."""

    username: str
    name: str
    roles: tuple[Role, ...]
    entity: str = "HO"
    department: str = ""
    can: Label


class UseCase(PolicyModel):
    """The use-case card."""

    zh: str
    en: str
    purpose: str
    node: str
    prohibited: str
    benefit: str
    people: str
    system: str = ""


class Version(PolicyModel):
    """A version; `real` names a folder beside the YAML files that holds the true artifact."""

    label: str
    identity: Literal["artifact", "configuration", "vendor"]
    real: str = ""
    manifest: dict[str, Any] = Field(default_factory=dict)  # Any: JSON
    notes: str = ""


class Confirmation(PolicyModel):
    """The second person's confirmation of the grade."""

    by: str = "mrm"
    reason: str


class Test(PolicyModel):
    """A validation test; `measure` may name a metric of the real version in braces."""

    __test__ = False
    kind: str
    name: str
    measure: str
    threshold: str = ""
    outcome: str
    comment: str = ""


class Validation(PolicyModel):
    """A validation; without a conclusion it is still in progress."""

    by: str
    conclusion: str = ""
    level: str = ""
    summary: str = ""
    limitations: str = ""
    answer: str = ""
    outcome: str = "passed"
    tests: tuple[Test, ...] = ()


class Condition(PolicyModel):
    """A condition of a vote, due so many days later."""

    text: str
    days: int


class Vote(PolicyModel):
    """A vote on a day (counted back from today)."""

    by: str
    day: int
    choice: str
    reason: str = ""
    conditions: tuple[Condition, ...] = ()


class Exempted(PolicyModel):
    """An exemption that is asked for and confirmed on the way."""

    requirement: str
    kind: Literal["alternative", "not_applicable"]
    reason: str
    confirm: bool
    answer: str


class Event(PolicyModel):
    """Something that happens beside the way through the stages."""

    do: Literal[
        "finding", "meet_condition", "stop", "hand_in", "back", "waiver", "exemption", "know",
        "retire",
    ]  # fmt: skip
    day: int
    by: str
    text: str = ""
    title: str = ""
    detail: str = ""
    severity: str = ""
    plan: str = ""
    note: str = ""
    days: int = 0
    requirement: str = ""
    kind: str = ""
    kinds: tuple[str, ...] = ()
    to: str = ""
    who: tuple[str, ...] = ()


class Overrides(PolicyModel):
    """Where a story departs from its worked example."""

    classification: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, bool] = Field(default_factory=dict)


class Story(PolicyModel):
    """One of `models.yaml`: a model with its use and release, or another use `of` a model."""

    key: str
    of: str = ""
    example: str
    zh: str = ""
    en: str = ""
    about: str = ""
    entity: str = "HO"
    using: str = ""
    owner: str = "owner"
    user: str = ""
    developer: str = "developer"
    department: str = ""
    confidential: bool = False
    uninterruptible: bool = False
    overrides: Overrides = Overrides()
    unanswered: tuple[str, ...] = ()
    use_case: UseCase
    version: Version | None = None
    days: dict[Milestone, Annotated[int, Field(ge=1)]]
    confirm: Confirmation | None = None
    documents: dict[StageKey, tuple[str, ...]] = Field(default_factory=dict)
    exemptions: tuple[Exempted, ...] = ()
    validation: Validation | None = None
    votes: tuple[Vote, ...] = ()
    events: tuple[Event, ...] = ()


class _People(BaseModel):
    """A list as a whole file."""

    people: tuple[Person, ...]


class _Stories(BaseModel):
    """A list as a whole file."""

    stories: tuple[Story, ...]


@dataclass(frozen=True)
class Seeds:
    """Everything that the story is told from."""

    folder: Path
    institution: Institution
    people: tuple[Person, ...]
    stories: tuple[Story, ...]
    examples: dict[str, Example]

    def hand_of(self, role: str) -> str:
        """The user name of the first person with the role."""
        return next(one.username for one in self.people if role in one.roles)


def read_institution(folder: Path) -> Institution:
    """The invented institution. Raises PolicyError."""
    return validate(Institution, load_yaml(folder / "institution.yaml"), "institution.yaml")


def read(folder: Path, pack: Path) -> Seeds:
    """The seeds of the folder, with the worked examples of the pack. Raises PolicyError."""
    people = {"people": load_yaml(folder / "people.yaml")}
    stories = {"stories": load_yaml(folder / "models.yaml")}
    examples = load_section(pack).grading.examples
    return Seeds(
        folder=folder,
        institution=read_institution(folder),
        people=validate(_People, people, "people.yaml").people,  # type: ignore[type-var]  # a list
        stories=validate(_Stories, stories, "models.yaml").stories,  # type: ignore[type-var]  # too
        examples={example.id: example for example in examples},
    )
