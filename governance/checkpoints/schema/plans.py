"""What a release's plan says: fields, checkpoints, shifts, trips and limits of sessions."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from governance.checkpoints.rules import limits
from governance.checkpoints.schema.section import AtLimit, CheckpointsSection, Limit, Moment
from registry.core.people.rules import Role
from registry.core.policy.rules import PolicyError, Rule
from registry.core.policy.schema import Key, Label, PolicyModel, RuleId, RuleSpec, Words, parse_yaml
from registry.core.policy.schema import validate as validate_file

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

MOST_FIELDS = 30
MOST_CHECKPOINTS = 20
MOST_FIRED = 400  # letters of the keys, if all of them fire: a decision keeps which did
OWN_NAMES = ("output", "confidence")  # what every decision has, besides its declared fields
NUMBER = (int, float)
TYPES: dict[str, tuple[type, ...]] = {"text": (str,), "number": NUMBER, "yes_no": (bool,)}


class DeclaredField(PolicyModel):
    """A field that decisions carry: no personal data, a name and a type."""

    name: Name
    type: Literal["text", "number", "yes_no"]
    required: bool = False


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORTEST = 15  # minutes: the weeks of the longest limit can be counted through at once


class Shift(PolicyModel):
    """When reviewers are there, week by week, holidays or not.

    One that ends at or before the time at which it begins ends on the next day.
    """

    key: Name
    label: Label
    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)]
    begin: Moment
    end: Moment

    @model_validator(mode="after")
    def _lasts(self) -> Shift:
        if 0 < self.minutes < SHORTEST:
            raise ValueError(f"a shift lasts at least {SHORTEST} minutes")
        return self

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        begin, end = (int(one[:2]) * 60 + int(one[3:]) for one in (self.begin, self.end))
        return end - begin if end > begin else end - begin + 24 * 60

    def hours(self) -> limits.Shift:
        """The same for the rule that counts the minutes."""
        return limits.Shift(
            frozenset(DAYS.index(day) for day in self.days),
            dt.time.fromisoformat(self.begin),
            dt.timedelta(minutes=self.minutes),
        )


class Authority(PolicyModel):
    """Above this value of a field a second person decides as well."""

    field: Name
    above: Annotated[float, Field(allow_inf_nan=False)]


class Checkpoint(PolicyModel):
    """One point of a release's plan.

    trigger: which decisions it is about; what cannot be decided counts as fulfilled. competence:
    which training a reviewer needs; min_seconds: how long a case is looked at before it can be
    decided; authority: above it a second person decides, who does not see the first one's view.
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
    shifts: Annotated[tuple[Shift, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> PlanContent:
        for names in (
            [one.name for one in self.fields],
            [one.key for one in self.checkpoints],
            [one.key for one in self.shifts],
        ):
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
            if one.limit is not None and one.limit.hours == "shifts" and not self.shifts:
                raise ValueError(f"{one.key}: the limit counts shifts, and the plan declares none")
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
