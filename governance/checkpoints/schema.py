"""`checkpoints.yaml`: the points at which people intervene at run time, and what a plan may say.

Regulations II.4.2 (RI-01 to RI-15). The pack lists the points, their bands and sampling rates; a
release's plan says which of them apply to it, when, who decides and until when.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr, ValidationError, model_validator

from registry.core.people.rules import Role
from registry.core.policy.rules import PolicyError, Rule
from registry.core.policy.schema import (
    Key,
    Label,
    PolicyModel,
    RuleId,
    RuleSpec,
    Source,
    Words,
    parse_yaml,
)
from registry.core.policy.schema import validate as validate_file

Mode = Literal["hold", "confirm", "sample", "authorise", "hand_over"]
AtLimit = Literal["deny", "fall_back", "escalate"]
Hours = Literal["working", "around_the_clock"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
TierKey = Literal["I", "II", "III", "IV"]
Percent = Annotated[float, Field(ge=0, le=100)]

MOST_FIELDS = 30
MOST_CHECKPOINTS = 20
MOST_FIRED = 400  # letters of the keys, if all of them fire: a decision keeps which did
OWN_NAMES = ("output", "confidence")  # what every decision has, besides its declared fields


class Limit(PolicyModel):
    """Until when somebody has decided: minutes of the working day, or of the clock."""

    minutes: Annotated[int, Field(ge=1, le=60 * 24 * 60)]
    hours: Hours = "working"


class Point(PolicyModel):
    """One intervention point of the catalogue."""

    key: RuleId
    label: Label
    mode: Mode | None = None  # None: no decision of the model waits at it
    limit: Limit | None = None
    at_limit: AtLimit = "deny"
    tiers: tuple[TierKey, ...] = ()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class ReasonCode(PolicyModel):
    """Why a reviewer decided so: picked, never typed."""

    key: Key
    label: Label
    outcomes: Annotated[tuple[Literal["accept", "override"], ...], Field(min_length=1)]


class Sampling(PolicyModel):
    """RI-04: which share of the decisions is looked at afterwards, and at least how many a week."""

    percent: dict[TierKey, Percent]
    least_a_week: dict[TierKey, Annotated[int, Field(ge=0, le=10_000)]]
    blind_percent: Percent


class Band(PolicyModel):
    """RI-05: below `low` percent people may follow the machine, above `high` the model may fail."""

    low_percent: Percent
    high_percent: Percent
    least_cases: Annotated[int, Field(ge=1, le=100_000)]
    streak: Annotated[int, Field(ge=2, le=100_000)]

    @model_validator(mode="after")
    def _rises(self) -> Band:
        if self.low_percent >= self.high_percent:
            raise ValueError("the band's low end lies below its high end")
        return self


class WorkingHours(PolicyModel):
    """From when to when on working days, in the institution's time zone."""

    begin: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    end: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"

    @model_validator(mode="after")
    def _is_a_day(self) -> WorkingHours:
        if self.begin >= self.end:
            raise ValueError("working hours begin before they end")
        return self


class CheckpointsSection(PolicyModel):
    """The catalogue, the reason codes, and the figures for sampling and effectiveness."""

    working_hours: WorkingHours
    points: tuple[Point, ...]
    competences: dict[Key, Label]
    reason_codes: tuple[ReasonCode, ...]
    sampling: Sampling
    band: Band

    @model_validator(mode="after")
    def _hangs_together(self) -> CheckpointsSection:
        keys = [*(one.key for one in self.points), *(one.key for one in self.reason_codes)]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{twice[0]} stands twice")
        return self

    def point(self, key: str) -> Point | None:
        """The point with this key."""
        return next((one for one in self.points if one.key == key), None)

    def codes_for(self, outcome: str) -> tuple[ReasonCode, ...]:
        """The reason codes that fit the outcome."""
        return tuple(one for one in self.reason_codes if outcome in one.outcomes)


NUMBER = (int, float)
TYPES: dict[str, tuple[type, ...]] = {"text": (str,), "number": NUMBER, "yes_no": (bool,)}


class DeclaredField(PolicyModel):
    """A field that decisions carry: no personal data, a name and a type."""

    name: Name
    type: Literal["text", "number", "yes_no"]
    required: bool = False


class Authority(PolicyModel):
    """Above this value of a field a second person decides as well."""

    field: Name
    above: Annotated[float, Field(allow_inf_nan=False)]


class Checkpoint(PolicyModel):
    """One point of a release's plan.

    trigger: which decisions it is about; what cannot be decided counts as fulfilled. competence:
    which training a reviewer needs; min_seconds: how long a case is looked at before it can be
    decided; advice: `after_view` shows what the model says once the reviewer has given an own view;
    authority: above it a second person decides, who does not see the first one's view.
    """

    key: Name
    point: RuleId
    label: Label
    trigger: RuleSpec
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    competence: Key
    limit: Limit | None = None
    at_limit: AtLimit | None = None
    min_seconds: Annotated[int, Field(ge=0, le=3_600)] = 0
    advice: Literal["shown", "after_view"] = "shown"
    authority: Authority | None = None
    legal_days: Annotated[int, Field(ge=0, le=365)] = 0  # PIPL 24: until the customer is answered


class Trip(PolicyModel):
    """RI-09: stop by itself where an output makes up more than so many percent of a window."""

    key: Name
    label: Label
    output: Words
    above_percent: Annotated[float, Field(gt=0, lt=100)]
    window_minutes: Annotated[int, Field(ge=1, le=1_440)] = 10
    least: Annotated[int, Field(ge=10, le=1_000_000)] = 100


class Quota(PolicyModel):
    """RI-12: of these outputs a session may have so many in a window; more waits at a checkpoint.

    by: the declared text field that names the session (or the customer, the account).
    """

    key: Name
    label: Label
    by: Name
    outputs: Annotated[tuple[Words, ...], Field(min_length=1, max_length=50)]
    most: Annotated[int, Field(ge=1, le=100_000)]
    window_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    checkpoint: Name


class PlanContent(PolicyModel):
    """What a plan says: the declared fields, the checkpoints, the gateway's fail-safe."""

    fields: Annotated[tuple[DeclaredField, ...], Field(max_length=MOST_FIELDS)]
    checkpoints: Annotated[tuple[Checkpoint, ...], Field(max_length=MOST_CHECKPOINTS)]
    fail_safe: Literal["hold", "stop_list"] = "hold"
    trips: Annotated[tuple[Trip, ...], Field(max_length=10)] = ()
    quotas: Annotated[tuple[Quota, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> PlanContent:
        for names in ([one.name for one in self.fields], [one.key for one in self.checkpoints]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{twice[0]} stands twice")
        if sum(len(one.key) + 1 for one in self.checkpoints) > MOST_FIRED:
            raise ValueError(f"the checkpoints' keys are longer than {MOST_FIRED} letters together")
        if own := sorted({one.name for one in self.fields} & set(OWN_NAMES)):
            raise ValueError(f"{own[0]} is a name that every decision has already")
        for one in self.checkpoints:
            if one.authority is not None and self.type_of(one.authority.field) != "number":
                raise ValueError(f"{one.key}: authority needs a declared number")
        known = {one.key for one in self.checkpoints}
        for limit in self.quotas:
            if limit.checkpoint not in known:
                raise ValueError(f"{limit.key}: unknown checkpoint {limit.checkpoint}")
            if self.type_of(limit.by) != "text":
                raise ValueError(f"{limit.key}: a session is a declared text")
        return self

    def checkpoint(self, key: str) -> Checkpoint:
        """The checkpoint with this key."""
        return next(one for one in self.checkpoints if one.key == key)

    @cached_property
    def types(self) -> dict[str, tuple[type, ...]]:
        """Declared field → the types of JSON that it takes."""
        return {one.name: TYPES[one.type] for one in self.fields}

    def type_of(self, name: str) -> str:
        """The declared type of a field; empty where it is not declared."""
        return next((one.type for one in self.fields if one.name == name), "")

    def lint(self, section: CheckpointsSection) -> None:
        """Raises PolicyError for an unknown point or competence, or a clause on unknown names."""
        names = {*OWN_NAMES, *(one.name for one in self.fields)}
        for one in self.checkpoints:
            point = section.point(one.point)
            if point is None or point.mode is None:
                raise PolicyError(f"{one.key}: no decision can wait at the point {one.point}")
            if one.competence not in section.competences:
                raise PolicyError(f"{one.key}: unknown competence {one.competence}")
            if one.limit is None and point.limit is None:
                raise PolicyError(f"{one.key}: the point has no limit of its own, name one")
            one.trigger.lint(one.key, names)

    def rules(self) -> tuple[tuple[Checkpoint, Rule], ...]:
        """Each checkpoint with its compiled trigger, in the plan's order."""
        return tuple((one, one.trigger.compiled) for one in self.checkpoints)


def parse_plan(text: str) -> PlanContent:
    """The plan that the YAML says. Raises PolicyError with line and place of the first mistake."""
    return validate_file(PlanContent, parse_yaml(text, "plan"), "plan")


Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Scalar = StrictBool | StrictInt | Finite | StrictStr | None
LINK = r"^(https?://[!-~]+)?$"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class NewDecision(PolicyModel):
    """What a gateway tells of one decision: references and digests, no personal data."""

    release: Annotated[str, Field(pattern=r"^REL-[0-9]{4}-[0-9]{6}$")]
    reference: Annotated[str, Field(min_length=1, max_length=120)]
    output: Annotated[str, Field(max_length=200)] | StrictBool | StrictInt | Finite | None = None
    confidence: Annotated[float, Field(strict=True, ge=0, le=1)] | None = None
    input_digest: Sha256 | None = None
    explanation_ref: Annotated[str, Field(max_length=200)] = ""
    link: Annotated[str, Field(max_length=300, pattern=LINK)] = ""  # its page where it is made
    fields: Annotated[dict[Name, Scalar], Field(max_length=2 * MOST_FIELDS)] = {}  # noqa: RUF012


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The place and the words of the first mistake; of all types that a value could have had."""
    words: dict[str, list[str]] = {}
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        words.setdefault(_place(found["loc"]), []).append(str(found["msg"]))
    place, said = next(iter(words.items()))
    return place, "; ".join(said)


_ENDS = {"fields": 2, "output": 1}  # steps to the value; what follows names a type that was tried


def _place(steps: tuple[int | str, ...]) -> str:
    for name, length in _ENDS.items():
        if name in steps:
            steps = steps[: steps.index(name) + length]
            break
    return ".".join(str(step) for step in steps)


NOTHING = CheckpointsSection(
    working_hours=WorkingHours(begin="09:00", end="17:30"),
    points=(),
    competences={},
    reason_codes=(),
    sampling=Sampling(percent={}, least_a_week={}, blind_percent=0),
    band=Band(low_percent=1, high_percent=15, least_cases=30, streak=50),
)
