"""The pack's section on checkpoints, what plans say, and what gateways tell of decisions."""

from governance.checkpoints.schema.decisions import NewDecision, first_fault
from governance.checkpoints.schema.plans import (
    DAYS,
    NUMBER,
    Checkpoint,
    PlanContent,
    Quota,
    Shift,
    Trip,
    parse_plan,
)
from governance.checkpoints.schema.section import (
    NOTHING,
    Band,
    CheckpointsSection,
    Limit,
)

__all__ = [
    "DAYS",
    "NOTHING",
    "NUMBER",
    "Band",
    "Checkpoint",
    "CheckpointsSection",
    "Limit",
    "NewDecision",
    "PlanContent",
    "Quota",
    "Shift",
    "Trip",
    "first_fault",
    "parse_plan",
]
