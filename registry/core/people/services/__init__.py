"""People's verbs: found the institution, enrol, assign, delegate, give and end tokens, prove."""

from registry.core.people.services.enrolling import (
    NewPerson,
    change_email,
    change_password,
    deactivate,
    enrol,
    enrol_machine,
    found,
    reset_password,
    set_preferences,
)
from registry.core.people.services.institution import (
    create_post,
    hold_post,
    leave_post,
    open_department,
    open_entity,
)
from registry.core.people.services.proving import (
    MOST_FAILED_PROOFS,
    STEP_UP_MINUTES,
    issue_token,
    proves,
    revoke_token,
    spend_step_up,
    step_up,
)
from registry.core.people.services.roles import (
    accept_delegation,
    assign_role,
    check_dates,
    check_ending,
    delegate,
    end_role,
    revoke_delegation,
)

__all__ = [
    "MOST_FAILED_PROOFS",
    "NewPerson",
    "STEP_UP_MINUTES",
    "accept_delegation",
    "assign_role",
    "check_dates",
    "check_ending",
    "change_email",
    "change_password",
    "create_post",
    "deactivate",
    "delegate",
    "end_role",
    "enrol",
    "enrol_machine",
    "found",
    "hold_post",
    "issue_token",
    "leave_post",
    "open_department",
    "open_entity",
    "proves",
    "reset_password",
    "revoke_delegation",
    "revoke_token",
    "set_preferences",
    "spend_step_up",
    "step_up",
]
