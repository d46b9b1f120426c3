"""Approvals' verbs: open, vote, close, void, meet conditions; confirm grades; policy packs."""

from governance.approvals.services.checking import CheckedPack, check_packs
from governance.approvals.services.conditions import meet_condition, pass_on_conditions
from governance.approvals.services.grades import confirm_grade, override_tier
from governance.approvals.services.opening import SeatToFill, StepToOpen, open_approval
from governance.approvals.services.packs import found, load_packs, sign_activation
from governance.approvals.services.voting import (
    Ballot,
    cast,
    close_step,
    end_by_move,
    void_if_changed,
    withdraw,
)

__all__ = [
    "Ballot",
    "CheckedPack",
    "SeatToFill",
    "StepToOpen",
    "cast",
    "check_packs",
    "close_step",
    "confirm_grade",
    "end_by_move",
    "found",
    "load_packs",
    "meet_condition",
    "open_approval",
    "override_tier",
    "pass_on_conditions",
    "sign_activation",
    "void_if_changed",
    "withdraw",
]
