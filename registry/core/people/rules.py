"""Roles, the lines of defence they belong to, and which buttons each may press. Pure.

A capability permits pressing a button (checked at the door). Whether the act itself is allowed,
segregation of duties above all, is decided by the rules of the slice that acts. Being Django's
superuser gives no capability of governance.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Line(StrEnum):
    """三道防线: the three lines of defence."""

    FIRST = "1"
    SECOND = "2"
    THIRD = "3"
    NONE = "-"


class Role(StrEnum):
    """What a person may be, with dates; one person can hold several."""

    OWNER = "owner"
    DEVELOPER = "developer"
    DEPARTMENT_HEAD = "department_head"
    BUSINESS_EXECUTIVE = "business_executive"
    IT_OPERATIONS = "it_operations"
    DUTY_OFFICER = "duty_officer"
    LINE_RISK_OFFICER = "line_risk_officer"
    MODEL_RISK = "mrm"
    MODEL_RISK_HEAD = "mrm_head"
    VALIDATOR = "validator"
    COMPLIANCE = "compliance"
    DATA_SECURITY = "data_security"
    INFORMATION_SECURITY = "information_security"
    CONSUMER_PROTECTION = "consumer_protection"
    CRO = "cro"
    SECRETARY = "secretary"
    AUDIT = "audit"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    PIPELINE = "pipeline"
    REVIEWER = "reviewer"
    GATEWAY = "gateway"


LINE_OF: dict[Role, Line] = {
    Role.OWNER: Line.FIRST,
    Role.DEVELOPER: Line.FIRST,
    Role.DEPARTMENT_HEAD: Line.FIRST,
    Role.BUSINESS_EXECUTIVE: Line.FIRST,
    Role.IT_OPERATIONS: Line.FIRST,
    Role.DUTY_OFFICER: Line.FIRST,
    Role.LINE_RISK_OFFICER: Line.SECOND,
    Role.MODEL_RISK: Line.SECOND,
    Role.MODEL_RISK_HEAD: Line.SECOND,
    Role.VALIDATOR: Line.SECOND,
    Role.COMPLIANCE: Line.SECOND,
    Role.DATA_SECURITY: Line.SECOND,
    Role.INFORMATION_SECURITY: Line.SECOND,
    Role.CONSUMER_PROTECTION: Line.SECOND,
    Role.CRO: Line.SECOND,
    Role.SECRETARY: Line.SECOND,
    Role.AUDIT: Line.THIRD,
    Role.SUPERVISOR: Line.THIRD,
    Role.ADMINISTRATOR: Line.NONE,
    Role.PIPELINE: Line.NONE,
    Role.REVIEWER: Line.FIRST,
    Role.GATEWAY: Line.NONE,
}


# Roles that vote and sign nothing: somebody with no other has nothing to delegate.
DECIDING_NOTHING = frozenset(
    {Role.OWNER, Role.DEVELOPER, Role.AUDIT, Role.SUPERVISOR, Role.ADMINISTRATOR}
    | {Role.PIPELINE, Role.GATEWAY}
)

# Whoever holds one of these decides nothing, whatever else they hold (SoD, regulations II.3.3).
NEVER_DECIDING = frozenset({Role.AUDIT, Role.SUPERVISOR, Role.ADMINISTRATOR})


class Capability(StrEnum):
    """A button. The permission matrix in docs/reference is generated from GRANTS."""

    READ = "read"
    REGISTER = "register"
    REGISTER_VERSION = "register_version"
    REPORT_DEPLOYMENT = "report_deployment"
    HAND_IN_EVIDENCE = "hand_in_evidence"
    CLASSIFY = "classify"
    CONFIRM_GRADE = "confirm_grade"
    OVERRIDE_GRADE = "override_grade"
    VALIDATE = "validate"
    RESPOND_TO_VALIDATION = "respond_to_validation"
    RAISE_FINDING = "raise_finding"
    REVIEW = "review"
    SIGN_REVIEW = "sign_review"
    PLAN_REVIEW = "plan_review"
    REQUEST_APPROVAL = "request_approval"
    MANAGE_APPROVAL = "manage_approval"
    VOTE = "vote"
    CONFIRM_REQUIREMENT = "confirm_requirement"
    WAIVE = "waive"
    PROMOTE = "promote"
    STOP = "stop"
    RESTRICT = "restrict"
    RESUME = "resume"
    ACKNOWLEDGE_STOP = "acknowledge_stop"
    ASK_PERMIT = "ask_permit"
    REVOKE_PERMIT = "revoke_permit"
    ASK_BREAK_GLASS = "ask_break_glass"
    GIVE_BREAK_GLASS = "give_break_glass"
    RATIFY = "ratify"
    REPORT_DRILL = "report_drill"
    COUNTERSIGN_DRILL = "countersign_drill"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_COMMITTEES = "manage_committees"
    MANAGE_POLICY = "manage_policy"
    MANAGE_CHANNELS = "manage_channels"
    KEEP_CLOCKS = "keep_clocks"
    PLAN_CHECKPOINTS = "plan_checkpoints"
    ACTIVATE_CHECKPOINTS = "activate_checkpoints"
    RECORD_COMPETENCE = "record_competence"
    DECIDE_CASES = "decide_cases"
    POST_DECISIONS = "post_decisions"
    REPORT_METRICS = "report_metrics"
    SET_LIMITS = "set_limits"
    ANSWER_BREACH = "answer_breach"
    MANAGE_SOURCES = "manage_sources"
    SCAN_SOURCES = "scan_sources"
    ANSWER_SIGHTINGS = "answer_sightings"
    READ_TRAIL = "read_trail"
    EXPORT_LEDGER = "export_ledger"


_SECOND_LINE = frozenset(role for role, line in LINE_OF.items() if line is Line.SECOND)
_FIRST_LINE = frozenset(role for role, line in LINE_OF.items() if line is Line.FIRST)
_BUILDERS = frozenset({Role.OWNER, Role.DEVELOPER})
_MODEL_RISK = frozenset({Role.MODEL_RISK, Role.MODEL_RISK_HEAD})
_DECIDES_CASES = frozenset(
    {Role.REVIEWER, Role.DEPARTMENT_HEAD, Role.LINE_RISK_OFFICER, Role.CONSUMER_PROTECTION}
    | {Role.COMPLIANCE, Role.IT_OPERATIONS, Role.DUTY_OFFICER}
)

GRANTS: dict[Capability, frozenset[Role]] = {
    Capability.READ: frozenset(Role),
    Capability.REGISTER: _BUILDERS | _MODEL_RISK,
    Capability.REGISTER_VERSION: _BUILDERS | {Role.PIPELINE},
    Capability.REPORT_DEPLOYMENT: frozenset(
        {Role.DEVELOPER, Role.IT_OPERATIONS, Role.DUTY_OFFICER, Role.PIPELINE}
    ),
    Capability.HAND_IN_EVIDENCE: _FIRST_LINE | _SECOND_LINE | {Role.PIPELINE},
    Capability.CLASSIFY: _BUILDERS | _MODEL_RISK,
    Capability.CONFIRM_GRADE: _MODEL_RISK | {Role.COMPLIANCE, Role.LINE_RISK_OFFICER},
    Capability.OVERRIDE_GRADE: _SECOND_LINE,
    Capability.VALIDATE: frozenset({Role.VALIDATOR}),
    Capability.RESPOND_TO_VALIDATION: frozenset({Role.OWNER}),
    Capability.RAISE_FINDING: _SECOND_LINE | {Role.AUDIT},
    Capability.REVIEW: _FIRST_LINE | _SECOND_LINE | {Role.AUDIT},
    Capability.SIGN_REVIEW: _SECOND_LINE | {Role.DEPARTMENT_HEAD},
    Capability.PLAN_REVIEW: _SECOND_LINE | {Role.AUDIT},
    Capability.REQUEST_APPROVAL: frozenset({Role.OWNER}),
    Capability.MANAGE_APPROVAL: frozenset({Role.SECRETARY}),
    Capability.VOTE: frozenset(Role)
    - {Role.AUDIT, Role.SUPERVISOR, Role.PIPELINE, Role.ADMINISTRATOR, Role.GATEWAY, Role.REVIEWER},
    Capability.CONFIRM_REQUIREMENT: _SECOND_LINE,
    Capability.WAIVE: frozenset({Role.CRO, Role.MODEL_RISK_HEAD}),
    Capability.PROMOTE: frozenset({Role.OWNER, Role.IT_OPERATIONS, *_MODEL_RISK}),
    Capability.STOP: frozenset({Role.DUTY_OFFICER, Role.IT_OPERATIONS, Role.CRO, *_MODEL_RISK}),
    Capability.RESTRICT: _MODEL_RISK | {Role.COMPLIANCE, Role.CRO, Role.CONSUMER_PROTECTION},
    Capability.RESUME: _MODEL_RISK | {Role.CRO},
    Capability.ACKNOWLEDGE_STOP: frozenset({Role.GATEWAY, Role.PIPELINE}),
    Capability.ASK_PERMIT: frozenset({Role.PIPELINE, Role.DEVELOPER, Role.IT_OPERATIONS}),
    Capability.REVOKE_PERMIT: frozenset(
        {Role.PIPELINE, Role.DEVELOPER, Role.IT_OPERATIONS, Role.DUTY_OFFICER, *_MODEL_RISK}
    ),
    Capability.ASK_BREAK_GLASS: _MODEL_RISK,
    Capability.GIVE_BREAK_GLASS: frozenset({Role.MODEL_RISK_HEAD, Role.CRO}),
    Capability.RATIFY: frozenset({Role.SECRETARY, Role.CRO}),
    Capability.REPORT_DRILL: _FIRST_LINE | _MODEL_RISK,
    Capability.COUNTERSIGN_DRILL: _SECOND_LINE,
    Capability.MANAGE_PEOPLE: frozenset({Role.ADMINISTRATOR}),
    Capability.MANAGE_COMMITTEES: frozenset({Role.SECRETARY, Role.MODEL_RISK_HEAD}),
    Capability.KEEP_CLOCKS: _SECOND_LINE | {Role.IT_OPERATIONS, Role.DUTY_OFFICER},
    Capability.PLAN_CHECKPOINTS: _BUILDERS | _MODEL_RISK,
    Capability.ACTIVATE_CHECKPOINTS: _SECOND_LINE,
    Capability.RECORD_COMPETENCE: _MODEL_RISK | {Role.DEPARTMENT_HEAD},
    Capability.DECIDE_CASES: _DECIDES_CASES,
    Capability.POST_DECISIONS: frozenset({Role.GATEWAY}),
    Capability.REPORT_METRICS: frozenset(
        {Role.PIPELINE, Role.GATEWAY, Role.DEVELOPER, Role.IT_OPERATIONS}
    ),
    Capability.SET_LIMITS: _BUILDERS | _MODEL_RISK | {Role.CRO},
    Capability.ANSWER_BREACH: _BUILDERS
    | _MODEL_RISK
    | {Role.IT_OPERATIONS, Role.CRO, Role.COMPLIANCE, Role.CONSUMER_PROTECTION},
    Capability.MANAGE_CHANNELS: frozenset({Role.ADMINISTRATOR}),
    Capability.MANAGE_POLICY: frozenset({Role.MODEL_RISK_HEAD, Role.CRO, Role.COMPLIANCE}),
    Capability.MANAGE_SOURCES: frozenset({Role.ADMINISTRATOR, Role.IT_OPERATIONS}),
    Capability.SCAN_SOURCES: _MODEL_RISK | {Role.ADMINISTRATOR, Role.IT_OPERATIONS},
    Capability.ANSWER_SIGHTINGS: _MODEL_RISK | {Role.OWNER},
    Capability.READ_TRAIL: _SECOND_LINE | {Role.AUDIT, Role.SUPERVISOR, Role.ADMINISTRATOR},
    Capability.EXPORT_LEDGER: frozenset({Role.AUDIT, Role.SUPERVISOR, Role.COMPLIANCE}),
}

MACHINE_ROLES = frozenset({Role.PIPELINE, Role.GATEWAY})

# A machine never decides: whatever roles it is given, only these buttons exist for it.
MACHINE_CAPABILITIES = frozenset(
    {
        Capability.READ,
        Capability.REGISTER,
        Capability.REGISTER_VERSION,
        Capability.REPORT_DEPLOYMENT,
        Capability.HAND_IN_EVIDENCE,
        Capability.STOP,
        Capability.POST_DECISIONS,
        Capability.REPORT_METRICS,
        Capability.ACKNOWLEDGE_STOP,
        Capability.ASK_PERMIT,
        Capability.REVOKE_PERMIT,
    }
)


@dataclass(frozen=True)
class Standing:
    """What somebody is today: the roles, each with the path of the entity it reaches."""

    user_id: str
    roles: frozenset[tuple[Role, str]] = frozenset()
    is_machine: bool = False
    scopes: frozenset[str] | None = None

    @property
    def role_set(self) -> frozenset[Role]:
        """The roles alone."""
        return frozenset(role for role, _ in self.roles)

    @property
    def lines(self) -> frozenset[Line]:
        """The lines of defence that the roles belong to."""
        return frozenset(LINE_OF[role] for role in self.role_set) - {Line.NONE}

    @property
    def paths(self) -> tuple[str, ...]:
        """The entity paths within reach, without those inside another."""
        every = sorted({path for _, path in self.roles}, key=len)
        kept: list[str] = []
        for path in every:
            if not any(path.startswith(outer) for outer in kept):
                kept.append(path)
        return tuple(kept)

    def is_one_of(self, capability: Capability) -> bool:
        """Whether the roles hold the button, whatever the token at hand was issued for."""
        return bool(self.role_set & GRANTS[capability])

    def may(self, capability: Capability) -> bool:
        """Whether the button exists for this person or machine (and its token's scopes)."""
        if self.scopes is not None and capability.value not in self.scopes:
            return False
        if self.is_machine and capability not in MACHINE_CAPABILITIES:
            return False
        return bool(self.role_set & GRANTS[capability])

    def may_at(self, capability: Capability, path: str) -> bool:
        """Whether the button exists by a role that reaches the entity with this path."""
        return self.may(capability) and any(
            role in GRANTS[capability] and path.startswith(reach) for role, reach in self.roles
        )

    def may_everywhere(self, capability: Capability) -> bool:
        """Whether the button exists by a role that reaches the whole institution."""
        return self.may(capability) and any(
            role in GRANTS[capability] and reach.count("/") == 1 for role, reach in self.roles
        )

    def roles_at(self, path: str) -> frozenset[Role]:
        """The roles that are held for the entity with this path."""
        return frozenset(role for role, reach in self.roles if path.startswith(reach))

    def has_at(self, path: str, *roles: Role) -> bool:
        """Whether one of the roles is held for the entity with this path."""
        return bool(self.roles_at(path) & set(roles))

    def has(self, *roles: Role) -> bool:
        """Whether one of the roles is held."""
        return bool(self.role_set & set(roles))


def above(path: str) -> list[str]:
    """The paths of the entity and of all above it."""
    return [path[: at + 1] for at, sign in enumerate(path) if sign == "/"]


def in_force(start: dt.date, end: dt.date | None, day: dt.date) -> bool:
    """Whether a dated thing holds on the day; both ends count."""
    return start <= day and (end is None or day <= end)
