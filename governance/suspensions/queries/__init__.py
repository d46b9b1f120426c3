"""Whether something is stopped or restricted: asked by every decision, never cached."""

from governance.suspensions.queries.consuming import (
    Answer,
    Measure,
    concerned,
    last_word,
    measure,
    visible_consumers,
)
from governance.suspensions.queries.drilling import drill_that_tested, drills_of, is_armed
from governance.suspensions.queries.holding import (
    hold_still,
    in_force,
    is_stopped,
    orders_for,
    stand_still,
)
from governance.suspensions.queries.reading import (
    about_release,
    affected_uses,
    target_of,
    visible_acknowledgements,
    visible_drill_reports,
    visible_to,
    with_targets,
)
from governance.suspensions.queries.targets import (
    Target,
    check_reach,
    check_target,
    entity_of,
    exists,
    is_own,
    names_in_use,
    reached,
    with_code,
)

__all__ = [
    "Answer",
    "Measure",
    "Target",
    "about_release",
    "affected_uses",
    "check_reach",
    "check_target",
    "concerned",
    "drill_that_tested",
    "drills_of",
    "entity_of",
    "exists",
    "hold_still",
    "in_force",
    "is_armed",
    "is_own",
    "is_stopped",
    "last_word",
    "measure",
    "names_in_use",
    "orders_for",
    "reached",
    "stand_still",
    "target_of",
    "visible_acknowledgements",
    "visible_consumers",
    "visible_drill_reports",
    "visible_to",
    "with_code",
    "with_targets",
]
