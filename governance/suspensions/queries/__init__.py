"""Whether something is stopped or restricted: asked by every decision, never cached."""

from governance.suspensions.queries.holding import hold_still, in_force, is_stopped, orders_for
from governance.suspensions.queries.reading import (
    about_release,
    affected_uses,
    target_of,
    visible_to,
    with_targets,
)
from governance.suspensions.queries.targets import (
    Target,
    check_reach,
    check_target,
    exists,
    is_own,
    names_in_use,
    reached,
)

__all__ = [
    "Target",
    "about_release",
    "affected_uses",
    "check_reach",
    "check_target",
    "exists",
    "hold_still",
    "in_force",
    "is_own",
    "is_stopped",
    "names_in_use",
    "orders_for",
    "reached",
    "target_of",
    "visible_to",
    "with_targets",
]
