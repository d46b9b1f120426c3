"""`clocks.yaml`: what must be reported or filed, until when, after which event.

Regulations II.5.3. Legal clocks are no reviews: they start with their event and never pause.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from governance.clocks.rules import Span
from registry.core.calendars.rules import is_known
from registry.core.people.rules import Role
from registry.core.policy.schema import Key, Label, PolicyModel, RuleSpec, Source

# What starts a clock by itself; `told`: a person says that it has happened.
Event = Literal["told", "service_started", "service_ended", "rmc_resolved"]
Count = Annotated[int, Field(ge=1, le=1_000)]


class Limit(PolicyModel):
    """How long the clock runs: one of the four."""

    hours: Count | None = None
    days: Count | None = None
    working_days: Count | None = None
    months: Count | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Limit:
        if sum(one is not None for one in self.model_dump().values()) != 1:
            raise ValueError("a limit is hours, days, working_days or months: one of them")
        return self


class ClockKind(PolicyModel):
    """One clock of the law.

    before: the limit is counted back from a planned event; when: of which releases the event
    starts it; lead: who completes it; tell: whom it warns besides; receipt: what shows that it was
    in time.
    """

    key: Key
    label: Label
    event: Event = "told"
    event_label: Label
    limit: Limit
    before: bool = False
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    when: RuleSpec | None = None
    lead: Annotated[tuple[Role, ...], Field(min_length=1)]
    tell: tuple[Role, ...] = ()
    receipt: Label
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_its_event(self) -> ClockKind:
        if self.event == "told" and self.when is not None:
            raise ValueError(f"{self.key}: only a release's event has a condition")
        if not is_known(self.country):
            raise ValueError(f"{self.key}: no holidays are known for the country {self.country}")
        if self.event != "told" and self.before:
            raise ValueError(f"{self.key}: an event that has happened is not reported before")
        return self

    def span(self) -> Span:
        """The limit as the rules take it."""
        told = {name: value or 0 for name, value in self.limit.model_dump().items()}
        return Span(**told, before=self.before)


class ClocksSection(PolicyModel):
    """The clocks, and after how many percent of their time they warn."""

    warn_percents: Annotated[tuple[Annotated[int, Field(ge=1, le=99)], ...], Field(max_length=5)]
    clocks: tuple[ClockKind, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> ClocksSection:
        keys = [one.key for one in self.clocks]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{twice[0]} stands twice")
        if list(self.warn_percents) != sorted(set(self.warn_percents)):
            raise ValueError("the percents rise")
        return self

    def kind(self, key: str) -> ClockKind | None:
        """The clock with this key."""
        return next((one for one in self.clocks if one.key == key), None)

    def lint(self, names: Collection[str]) -> None:
        """Every condition reads declared names. Raises PolicyError with the clock."""
        for one in self.clocks:
            if one.when is not None:
                one.when.lint(f"clocks.yaml: {one.key}", names)


NOTHING = ClocksSection(warn_percents=(), clocks=())
