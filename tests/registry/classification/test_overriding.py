"""Who may change a tier by hand: raise freely from the second line, lower one step with limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.classification.rules import OverrideRequest, Tier, check_override
from registry.classification.schema import ClassificationSection
from registry.core.errors import DomainError

LOWER = OverrideRequest(
    tier=Tier.I,
    requested=Tier.II,
    floor_minimum=Tier.II,
    line=2,
    roles=frozenset({"cro"}),
    reason="A parallel run shows half of the losses expected.",
    decided_on=date(2026, 8, 31),
    expires_on=date(2027, 2, 28),
)
HEAD = {"roles": frozenset({"mrm_head"})}
I, II, III, IV, P = Tier.I, Tier.II, Tier.III, Tier.IV, Tier.P  # noqa: E741


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cro from I to II", {}),
        ("head from II to III", HEAD | {"tier": II, "requested": III, "floor_minimum": None}),
        ("head from III to IV", HEAD | {"tier": III, "requested": IV, "floor_minimum": IV}),
        ("raise by two", {"tier": III, "requested": I, "roles": frozenset(), "expires_on": None}),
    ],
)
def test_an_override_inside_the_limits_is_allowed(
    name: str, change: dict[str, object], section: ClassificationSection
) -> None:
    check_override(section.grading.override, replace(LOWER, **change))  # type: ignore[arg-type]  # a table


@pytest.mark.parametrize(
    ("name", "change", "code", "field"),
    [
        ("two steps", {"requested": III, "floor_minimum": None}, "override_steps", "requested"),
        ("below a floor", {"floor_minimum": I}, "override_below_floor", "requested"),
        ("head from I to II", HEAD, "override_role", "roles"),
        ("cro from II to III", {"tier": II, "requested": III, "floor_minimum": None},
         "override_role", "roles"),
        ("no reason", {"reason": " "}, "override_reason", "reason"),
        ("no expiry", {"expires_on": None}, "override_expiry", "expires_on"),
        ("a day too long", {"expires_on": date(2027, 3, 1)}, "override_expiry", "expires_on"),
        ("expired at once", {"expires_on": date(2026, 8, 31)}, "override_expiry", "expires_on"),
        ("raise by the first line", {"tier": III, "requested": II, "line": 1},
         "override_line", "line"),
        ("raise without a reason", {"tier": III, "requested": II, "reason": ""},
         "override_reason", "reason"),
        ("same tier", {"requested": I}, "override_same_tier", "requested"),
        ("lift a prohibition", {"tier": P, "requested": I}, "override_prohibited", "requested"),
        ("set a prohibition", {"requested": P}, "override_prohibited", "requested"),
    ],
)  # fmt: skip
def test_an_override_outside_the_limits_is_refused(
    name: str, change: dict[str, object], code: str, field: str, section: ClassificationSection
) -> None:
    with pytest.raises(DomainError) as refusal:
        check_override(section.grading.override, replace(LOWER, **change))  # type: ignore[arg-type]  # a table
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_six_months_are_counted_on_the_calendar(section: ClassificationSection) -> None:
    request = replace(LOWER, decided_on=date(2026, 3, 15), expires_on=date(2026, 9, 15))
    check_override(section.grading.override, request)
    with pytest.raises(DomainError, match="2026-09-15"):
        check_override(section.grading.override, replace(request, expires_on=date(2026, 9, 16)))
