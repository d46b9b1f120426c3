"""The rules of reviews: when they fall due and what follows; what explanations say. Pure."""

from governance.reviews.rules.ladder import (
    HELD_BY_A_DEFERRAL,
    Effect,
    Step,
    Task,
    Trigger,
    announced_by,
    bundle,
    day_of,
    first_due,
    notice_days,
    rounds,
    steps_due,
)

__all__ = [
    "HELD_BY_A_DEFERRAL",
    "Effect",
    "Step",
    "Task",
    "Trigger",
    "announced_by",
    "bundle",
    "day_of",
    "first_due",
    "notice_days",
    "rounds",
    "steps_due",
]
