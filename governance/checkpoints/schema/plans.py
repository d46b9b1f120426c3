"""What a release's plan says: fields, checkpoints, shifts, trips and limits of sessions."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from governance.checkpoints.rules import limits
from governance.checkpoints.rules.answering import Trigger
from governance.checkpoints.rules.scope import ActionClass, Right, Scope
from governance.checkpoints.schema.section import AtLimit, CheckpointsSection, Limit, Moment
from registry.core.people.rules import GRANTS, Capability, Role
from registry.core.policy.rules import PolicyError, Rule
from registry.core.policy.schema import Key, Label, PolicyModel, RuleId, RuleSpec, Words, parse_yaml
from registry.core.policy.schema import validate as validate_file

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

MOST_FIELDS = 30
MOST_CHECKPOINTS = 20
MOST_FIRED = 400  # letters of the keys, if all of them fire: a decision keeps which did
AUTHORISING = "RI-12"  # its last checkpoint holds back what an agent may not do by itself
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
    decided; advice: `after_view` shows what the model says once the reviewer has given an own view;
    authority: above it a second person decides, who does not see the first one's view.
    """

    key: Name
    point: RuleId
    label: Label
    trigger: RuleSpec | None = None  # only an agent's scope says the same without words
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    competence: Key
    limit: Limit | None = None
    at_limit: AtLimit | None = None
    min_seconds: Annotated[int, Field(ge=0, le=3_600)] = 0
    advice: Literal["shown", "after_view"] = "shown"
    authority: Authority | None = None
    legal_days: Annotated[int, Field(ge=0, le=365)] = 0  # PIPL 24: until the customer is answered

    @property
    def rule(self) -> Rule | None:
        """The compiled trigger."""
        return self.trigger.compiled if self.trigger is not None else None


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
    """What a plan says: the declared fields, the checkpoints, the gateway's fail-safe.

    decision_right, scope: what an agent may do by itself; its actions are the outputs.
    """

    fields: Annotated[tuple[DeclaredField, ...], Field(max_length=MOST_FIELDS)]
    checkpoints: Annotated[tuple[Checkpoint, ...], Field(max_length=MOST_CHECKPOINTS)]
    fail_safe: Literal["hold", "stop_list"] = "hold"
    trips: Annotated[tuple[Trip, ...], Field(max_length=10)] = ()
    quotas: Annotated[tuple[Quota, ...], Field(max_length=10)] = ()
    shifts: Annotated[tuple[Shift, ...], Field(max_length=20)] = ()
    decision_right: Right | None = None
    scope: dict[ActionClass, Annotated[tuple[Words, ...], Field(min_length=1, max_length=100)]] = {}  # noqa: RUF012

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

    @model_validator(mode="after")
    def _keeps_the_agent(self) -> PlanContent:
        """What the scope says, somebody can be asked about."""
        if (self.decision_right is None) is bool(self.scope):
            raise ValueError("decision_right and scope are declared together")
        for one in self.checkpoints:
            if one.trigger is None and not (self.scope and one.point == AUTHORISING):
                raise ValueError(f"{one.key}: a trigger is missing")
        if self.decision_right is None:
            return self
        words = [word for actions in self.scope.values() for word in actions]
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise ValueError(f"{twice[0]} stands twice in the scope")
        if self.decision_right is Right.USER_DECIDES and set(self.scope) != {ActionClass.READ}:
            raise ValueError("where the user alone decides, the scope is to read")
        if not self.authorised_at:
            raise ValueError(f"an agent's plan needs a checkpoint of {AUTHORISING}")
        return self

    @cached_property
    def authorised_at(self) -> str:
        """The key of the last checkpoint of RI-12: what no other one holds back waits there."""
        found = [one.key for one in self.checkpoints if one.point == AUTHORISING]
        return found[-1] if found else ""

    @cached_property
    def agent(self) -> Scope | None:
        """What the agent may do by itself; None where it is none."""
        if self.decision_right is None:
            return None
        actions = {word: kind for kind, words in self.scope.items() for word in words}
        counted = frozenset(output for one in self.quotas for output in one.outputs)
        return Scope(self.decision_right, actions, counted)

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

    def lint(self, section: CheckpointsSection, *, is_agent: bool = False) -> None:
        """Raises PolicyError for an unknown point or competence, or a clause on unknown names.

        And for an agent's plan that does not say what the agent may do. `is_agent`: the model is
        known to be one; a plan that authorises or counts actions says so itself.
        """
        names = {*OWN_NAMES, *(one.name for one in self.fields)}
        if (is_agent or self.authorised_at or self.quotas) and self.agent is None:
            raise PolicyError("an agent's plan declares its decision_right and its scope")
        for one in self.checkpoints:
            point = section.point(one.point)
            if point is None or point.mode is None:
                raise PolicyError(f"{one.key}: no decision can wait at the point {one.point}")
            if not set(one.roles) & GRANTS[Capability.DECIDE_CASES]:
                raise PolicyError(f"{one.key}: nobody with these roles decides cases")
            if one.competence not in section.competences:
                raise PolicyError(f"{one.key}: unknown competence {one.competence}")
            if one.limit is None and point.limit is None:
                raise PolicyError(f"{one.key}: the point has no limit of its own, name one")
            if one.trigger is not None:
                one.trigger.lint(one.key, names)

    def triggers(self, *, without: str) -> tuple[Trigger, ...]:
        """Each checkpoint with its compiled trigger, in the plan's order, but those of a point."""
        return tuple(
            Trigger(one.key, one.rule, scope=self.agent if one.key == self.authorised_at else None)
            for one in self.checkpoints
            if one.point != without
        )


def parse_plan(text: str) -> PlanContent:
    """The plan that the YAML says. Raises PolicyError with line and place of the first mistake."""
    return validate_file(PlanContent, parse_yaml(text, "plan"), "plan")
