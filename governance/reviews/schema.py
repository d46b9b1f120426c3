"""`reviews.yaml`: what is looked at again, how often, by whom, and who is reminded when.

Regulations II.5.1 (kinds and cadence) and II.5.2 (ladder); the figures are our own design.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Literal, TypeGuard

from pydantic import Field, model_validator

from governance.reviews.rules import Effect, Step, Trigger
from registry.core.calendars.rules import is_known
from registry.core.people.rules import Role
from registry.core.policy.schema import Key, Label, PolicyModel, RuleSpec, Source

Place = Literal["I", "II", "III", "IV", "institution"]
INSTITUTION: Literal["institution"] = "institution"
TierKey = Literal["I", "II", "III", "IV"]
TIERS = ("I", "II", "III", "IV")
Months = Annotated[int, Field(ge=1, le=60)]
# Whom a step of the ladder tells, besides holders of roles where the release is used.
Recipient = Literal["owner", "lead"] | Role


def is_tier(place: str) -> TypeGuard[TierKey]:
    """Whether reviews come round for it: not for P, which never goes live, nor for no grade."""
    return place in TIERS


class CheckItem(PolicyModel):
    """One line of a checklist."""

    key: Key
    label: Label


class Outcome(PolicyModel):
    """How a review can end, and what follows from it."""

    key: Key
    label: Label
    effect: Literal["none", "finding", "restrict"] = "none"


class Shorter(PolicyModel):
    """For some models a kind comes round sooner: where the rule fires, these months hold."""

    rule: RuleSpec
    months: dict[TierKey, Months]


class Kind(PolicyModel):
    """One kind of review, PR-01 to PR-18.

    months: how often, by tier (or for the institution); a tier without a figure has no calendar,
    only triggers. lead: the roles that carry it out; signs: those of which another person signs.
    bites: overdue beyond the grace it restricts the release (BR-11). explains: it asks for an
    explanation, whose level the release then carries; attests: campaigns call for it, and owners
    answer many at once; drills: it looks at a drill, whose countersigned report it needs.
    """

    key: Annotated[str, Field(pattern=r"^PR-[0-9]{2}$")]
    label: Label
    scope: Literal["release", "institution"] = "release"
    months: dict[Place, Months] = {}
    when: RuleSpec | None = None
    when_tiers: tuple[TierKey, ...] = ("I", "II", "III", "IV")
    shorter: Shorter | None = None
    lead: Annotated[tuple[Role, ...], Field(min_length=1)]
    signs: Annotated[tuple[Role, ...], Field(min_length=1)]
    checklist: Annotated[tuple[CheckItem, ...], Field(min_length=1)]
    triggers: tuple[Trigger, ...] = ()
    bites: bool = True
    explains: bool = False
    attests: bool = False
    drills: bool = False
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _comes_round_somehow(self) -> Kind:
        places = set(self.months)
        if self.scope == "institution" and places != {"institution"}:
            raise ValueError("a kind for the institution gives its months for the institution")
        if self.scope == "release" and "institution" in places:
            raise ValueError("a kind for releases gives its months by tier")
        if not places and not self.triggers:
            raise ValueError("a kind comes round by its months or by a trigger")
        return self


class LadderStep(PolicyModel):
    """One rung: on which day it comes, who is told, what it does.

    days: from the due date, by tier, negative before it; a place without a figure has no such
    rung. A rung with `before` comes that many working days before another one instead, and the
    other waits until it has come and the working days have passed.
    """

    key: Key
    label: Label
    days: dict[Place, Annotated[int, Field(ge=-120, le=120)]] = {}
    before: Key | None = None
    working_days: Annotated[int, Field(ge=1, le=20)] | None = None
    tell: Annotated[tuple[Recipient, ...], Field(min_length=1)]
    effect: Effect = Effect.NONE
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _comes_on_one_day(self) -> LadderStep:
        if bool(self.days) == bool(self.before) or bool(self.before) != bool(self.working_days):
            raise ValueError("a rung has days, or working days before another rung")
        return self


class ReviewsSection(PolicyModel):
    """The kinds, the ladder, and how reviews are kept bearable.

    package_days: what falls due within so many days is done together; spread_days: over how long
    the first reviews of models that are already in production are spread; defer_days: how long
    the effects of an overdue review can be held, once.
    """

    calendar: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    package_days: Annotated[int, Field(ge=0, le=92)]
    spread_days: Annotated[int, Field(ge=0, le=366)]
    triggered_days: Annotated[int, Field(ge=1, le=180)]
    defer_days: Annotated[int, Field(ge=1, le=90)]
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    kinds: tuple[Kind, ...]
    ladder: tuple[LadderStep, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> ReviewsSection:
        if not is_known(self.calendar):
            raise ValueError(f"no holidays are known for the calendar {self.calendar}")
        if not any(one.effect == "none" for one in self.outcomes):
            raise ValueError("one outcome has no effect: a review can be in order")
        attesting = [one for one in self.kinds if one.attests]
        if len(attesting) > 1 or any(one.scope != "release" for one in attesting):
            raise ValueError("at most one kind attests, and it is for releases")
        if any(one.drills and one.scope != "release" for one in self.kinds):
            raise ValueError("a kind that looks at drills is for releases")
        for keys in (
            [one.key for one in self.kinds],
            [one.key for one in self.ladder],
            [one.key for one in self.outcomes],
        ):
            twice = sorted({key for key in keys if keys.count(key) > 1})
            if twice:
                raise ValueError(f"{twice[0]} stands twice")
        rungs = {one.key: one for one in self.ladder}
        for one in self.ladder:
            if one.before is not None and not rungs.get(one.before, one).days:
                raise ValueError(f"{one.key}: there is no rung {one.before} with days")
        return self

    def kind(self, key: str) -> Kind | None:
        """The kind with this key."""
        return next((one for one in self.kinds if one.key == key), None)

    def outcome(self, key: str) -> Outcome | None:
        """The outcome with this key."""
        return next((one for one in self.outcomes if one.key == key), None)

    def of_scope(self, scope: str) -> Iterable[Kind]:
        """The kinds for releases, or those for the institution."""
        return (one for one in self.kinds if one.scope == scope)

    def steps(self) -> tuple[Step, ...]:
        """The ladder as the rules take it."""
        return tuple(
            Step(
                one.key,
                {str(place): day for place, day in one.days.items()},
                one.effect,
                one.before or "",
                one.working_days or 0,
            )
            for one in self.ladder
        )

    def lint(self, names: Collection[str]) -> None:
        """Every clause reads declared names. Raises PolicyError with the kind."""
        for one in self.kinds:
            for rule in (one.when, one.shorter.rule if one.shorter else None):
                if rule is not None:
                    rule.lint(f"reviews.yaml: {one.key}", names)


NOTHING = ReviewsSection(
    calendar="CN", package_days=0, spread_days=0, triggered_days=30, defer_days=1,
    outcomes=(Outcome(key="none", label=Label(zh="无", en="None")),), kinds=(), ladder=(),
)  # fmt: skip
