"""The rules of reviews: when they fall due and what follows; what explanations say. Pure."""

from governance.reviews.rules.ladder import (
    HELD_BY_A_DEFERRAL,
    Before,
    Effect,
    Step,
    Task,
    Trigger,
    add_months,
    bundle,
    day_of,
    first_due,
    is_working,
    notice_days,
    steps_due,
)

__all__ = [
    "HELD_BY_A_DEFERRAL",
    "Before",
    "Effect",
    "Step",
    "Task",
    "Trigger",
    "add_months",
    "bundle",
    "day_of",
    "first_due",
    "is_working",
    "notice_days",
    "steps_due",
]
