"""`approvals.yaml`: who approves what, with which quorum and majority (regulations II.3.3)."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from registry.core.policy.schema import Key, Label, PolicyModel, RuleSpec, Source

Share = Annotated[str, Field(pattern=r"^[1-9][0-9]?/[1-9][0-9]?$")]


class Quorum(PolicyModel):
    """最低出席要求: the share of members, the named seats, the number per line of defence."""

    share: Share
    named_seats: tuple[Key, ...] = ()
    per_line: dict[Literal["1", "2"], Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    recused_count_as_members: bool = False


class CommitteeVote(PolicyModel):
    """A committee's step. `strict`: more than the share; else at least the share.

    of: present (abstentions count in the denominator) or cast (they do not).
    """

    kind: Literal["committee"] = "committee"
    body: Key
    quorum: Quorum
    majority: Share
    strict: bool
    of: Literal["present", "cast"] = "present"
    veto_seats: tuple[Key, ...] = ()
    resolution: bool = True
    recommends: bool = False

    @property
    def threshold(self) -> Fraction:
        """The share of votes that approves."""
        return Fraction(self.majority)


class Signature(PolicyModel):
    """One signature: by somebody with one of the roles, of the line of defence."""

    seat: Key
    label: Label
    roles: Annotated[tuple[Key, ...], Field(min_length=1)]
    line: Literal["1", "2"]


class Signatures(PolicyModel):
    """Signatures of named roles, of different people; all must approve."""

    kind: Literal["signatures"] = "signatures"
    body: Key
    signatures: Annotated[tuple[Signature, ...], Field(min_length=1)]


StepPolicy = Annotated[CommitteeVote | Signatures, Field(discriminator="kind")]


class Route(PolicyModel):
    """The ordered steps for a tier; the first route whose rule fires applies."""

    key: Key
    label: Label
    rule: RuleSpec
    steps: Annotated[tuple[StepPolicy, ...], Field(min_length=1)]
    valid_months: Annotated[int, Field(ge=1, le=60)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class Body(PolicyModel):
    """A committee that the routes name, with the seats that its quorum names."""

    key: Key
    label: Label
    named_seats: dict[Key, Label]


class ApprovalsSection(PolicyModel):
    """Bodies and routes."""

    bodies: tuple[Body, ...]
    routes: tuple[Route, ...]
    condition_days: Annotated[int, Field(ge=1, le=365)]

    @model_validator(mode="after")
    def _names_exist(self) -> ApprovalsSection:
        bodies = {body.key: body for body in self.bodies}
        for route in self.routes:
            for step in route.steps:
                if not isinstance(step, CommitteeVote):
                    continue
                if step.body not in bodies:
                    raise ValueError(f"{route.key}: no such body: {step.body}")
                named = {*step.quorum.named_seats, *step.veto_seats}
                unknown = sorted(named - set(bodies[step.body].named_seats))
                if unknown:
                    raise ValueError(f"{route.key}: {step.body} has no seat {unknown[0]}")
        return self

    def lint(self, names: Collection[str]) -> None:
        """Every clause reads declared names."""
        for route in self.routes:
            route.rule.lint(f"approvals.yaml: {route.key}", names)
