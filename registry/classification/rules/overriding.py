"""Who may change a tier by hand, how far, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from registry.classification.rules.tiers import Tier
from registry.core.calendars.rules import add_months
from registry.core.errors import DomainError

if TYPE_CHECKING:
    from registry.classification.schema import Override


@dataclass(frozen=True, slots=True)
class OverrideRequest:
    """A wish to replace the computed tier. `floor_minimum` comes from the GradeResult."""

    tier: Tier
    requested: Tier
    floor_minimum: Tier | None
    line: int
    roles: frozenset[str]
    reason: str
    decided_on: date
    expires_on: date | None = None


def check_override(limits: Override, request: OverrideRequest) -> None:
    """Nothing happens if the override is allowed (`regulations.md` II.2.3, Overrides; own design).

    The second line may raise any tier. Lowering goes one step, never below a floor, by the CRO
    from I to II and by the model-risk head otherwise, with a reason and an expiry within six
    months. Raises DomainError with a stable code for the first limit that is broken.
    """
    if Tier.P in (request.tier, request.requested):
        raise _refusal("override_prohibited", "Tier P is never set or lifted by hand.", "requested")
    if request.requested is request.tier:
        raise _refusal("override_same_tier", "The tier asked for is the tier it has.", "requested")
    if not request.reason.strip():
        raise _refusal("override_reason", "A change of tier needs a reason.", "reason")
    if request.requested.severity > request.tier.severity:
        if request.line != limits.raise_line:
            message = "Only the second line of defence may raise a tier."
            raise _refusal("override_line", message, "line")
        if request.expires_on is not None:
            message = "A raised tier does not expire; it is lowered by a decision of its own."
            raise _refusal("override_expiry", message, "expires_on")
        return
    _check_lowering(limits, request)


def _check_lowering(limits: Override, request: OverrideRequest) -> None:
    if request.tier.severity - request.requested.severity > limits.lower_steps:
        raise _refusal("override_steps", "A tier is lowered one step at most.", "requested")
    floor = request.floor_minimum
    if floor is not None and request.requested.severity < floor.severity:
        message = f"A floor rule demands tier {floor} at least; no override goes below it."
        raise _refusal("override_below_floor", message, "requested")
    step = (request.tier, request.requested)
    allowed = {one.role for one in limits.lower_roles if (one.tier_from, one.tier_to) == step}
    if not allowed & request.roles:
        message = f"From {step[0]} to {step[1]} needs the role {' or '.join(sorted(allowed))}."
        raise _refusal("override_role", message, "roles")
    if request.expires_on is None:
        raise _refusal("override_expiry", "A lowered tier needs an expiry date.", "expires_on")
    latest = add_months(request.decided_on, limits.lower_months)
    if not request.decided_on < request.expires_on <= latest:
        message = f"A lowered tier expires by {latest.isoformat()}, and after the decision."
        raise _refusal("override_expiry", message, "expires_on")


def _refusal(code: str, message: str, field: str) -> DomainError:
    return DomainError(code, message, field=field)
