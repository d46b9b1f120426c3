"""A gate as people read it: what is missing first, with the door to supply it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance.desk.admin.pages import said
from governance.desk.admin.words import role_label
from governance.lifecycle.rules import Gate, Item, Met
from governance.validations.models import Validation
from registry.classification import queries as classification
from registry.classification.models import Grade
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability, Role
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence
from registry.releases.models import Environment, Release, Stage

_STATES = {
    Met.EVIDENCE: "met", Met.FACT: "met", Met.ALTERNATIVE: "met",
    Met.NOT_APPLICABLE: "not_applicable", Met.WAIVED: "waived", Met.MISSING: "missing",
}  # fmt: skip
_ORDER = ("missing", "advised", "waived", "not_applicable", "met")


@dataclass(frozen=True)
class Around:
    """What decides which door leads on: what has begun, and what exists."""

    release: Release
    grade: Grade | None
    has_versions: bool
    running: Validation | None
    is_approval_open: bool


Door = Callable[[Around], tuple[Capability, str] | None]


def requirements(user: User, around: Around, gate: Gate) -> list[dict[str, Any]]:
    """The gate's list in words: the missing first, then what is recommended, then the rest."""
    found = [
        _told(user, around, item) for item in gate.items if item.met is not Met.NOT_NEEDED
    ]  # fmt: skip
    return sorted(found, key=lambda one: (_ORDER.index(one["state"]), one["exit"]))


def blocked(gate: Gate) -> list[dict[str, Any]]:
    """The rules that fire, with what nobody has answered in words."""
    section = classification.section_of(policy.active_pack()) if gate.blocked else None
    return [
        {
            "rule": one.rule,
            "undecided": [
                said(classification.label_of(section, key)) if section else key
                for key in one.undecided
            ],
        }
        for one in gate.blocked
    ]


def refused(gate: dict[str, Any]) -> list[dict[str, str]]:
    """What a refused move lacks: each thing with its rule, and who supplies it."""
    rules = [
        {
            "label": f"{one['id']} {said(one['label'])}",
            "note": said(one["way_out"]),
            "clause": _clauses(one["sources"]),
            "who": "",
        }
        for one in gate["blocked_by"]
    ]
    missing = [
        {
            "label": said(one["label"]),
            "note": said(one["why"]),
            "clause": _clauses(one["sources"]),
            "who": _(", ").join(role_label(role) for role in one["who"]),
        }
        for one in gate["requirements"]
        if one["missing"]
    ]
    return [one | {"state": "missing"} for one in (*rules, *missing)]


def _clauses(sources: list[dict[str, str]]) -> str:
    return _("; ").join(f"{one['ref']} [{tag(one['tag'])}]" for one in sources)


def _told(user: User, around: Around, item: Item) -> dict[str, Any]:
    about = item.requirement
    state = _STATES[item.met]
    if state == "missing" and not item.is_mandatory:
        state = "advised"
    is_open = state in ("missing", "advised")
    found = _told_of(user, around, item, is_open=is_open)
    running = _running(user, around) if about.fact in _BY_VALIDATION and is_open else None
    return found | {"state": state} | (running or {})


def _told_of(user: User, around: Around, item: Item, *, is_open: bool) -> dict[str, Any]:
    about = item.requirement
    return {
        "label": said(about.label.model_dump()),
        "note": _note(item) if is_open else "",
        "clause": _clauses([source.model_dump() for source in about.sources]),
        "who": _(", ").join(role_label(role) for role in about.who),
        "url": _door(user, around, item) if is_open else "",
        "exit": about.exit,
    }


_BY_VALIDATION = ("validated", "explainability_level")


def _running(user: User, around: Around) -> dict[str, str] | None:
    """Whose word a validation waits for after its conclusion: the owner's, then a signature."""
    found = around.running
    owner = around.release.model_use.model.owner_id
    may = standing(user).may
    if found is not None and found.state == "concluded":
        is_mine = user.pk == owner and may(Capability.RESPOND_TO_VALIDATION)
        return {
            "note": _("Concluded; the owner's answer is awaited."),
            "who": role_label(Role.OWNER.value),
            "url": f"/do/answer-validation/{found.pk}/" if is_mine else "",
        }
    if found is not None and found.state == "answered":
        is_mine = user.pk not in (owner, found.validator_id) and may(Capability.OVERRIDE_GRADE)
        return {
            "note": _("Answered by the owner; somebody else of the second line signs it off."),
            "who": role_label(Role.MODEL_RISK_HEAD.value),
            "url": f"/do/sign-off-validation/{found.pk}/" if is_mine else "",
        }
    return None


def _note(item: Item) -> str:
    """Why it is open, and which documents the alternative waits for."""
    why, kinds = said({"zh": item.why_zh, "en": item.why_en}), evidence.kinds()
    labels = [said(kinds[key].label.model_dump()) for key in item.lacks if key in kinds]
    return _(": ").join([why, _(", ").join(labels)]) if labels else why


def _door(user: User, around: Around, item: Item) -> str:
    """Where the person supplies it; empty for others than those whom the pack names."""
    found, about = standing(user), item.requirement
    if not {role.value for role in found.role_set} & set(about.who):
        return ""
    if item.lacks and found.may(Capability.HAND_IN_EVIDENCE):
        return f"/do/hand-in/{around.release.pk}/?kind={item.lacks[0]}"
    if about.documents:
        if not found.may(Capability.HAND_IN_EVIDENCE):
            return ""
        return f"/do/hand-in/{around.release.pk}/?kind={about.documents[0]}"
    door = _DOORS.get(about.fact or "", _nowhere)(around)
    if door is None and about.alternative is not None and not item.lacks:
        ask = f"?requirement=alternative:{about.key}"
        door = (Capability.REGISTER, f"/do/ask-exemption/{around.release.pk}/{ask}")
    return door[1] if door and found.may(door[0]) else ""


def _nowhere(around: Around) -> None:
    return None


def _to_card(around: Around) -> tuple[Capability, str]:
    back = f"?next=/releases/{around.release.pk}/"
    path = f"/do/correct-card/{around.release.model_use.use_case_id}/{back}"
    return Capability.REGISTER, path


def _to_questions(around: Around) -> tuple[Capability, str]:
    return Capability.CLASSIFY, f"/uses/{around.release.model_use_id}/grade/"


def _to_confirmation(around: Around) -> tuple[Capability, str]:
    grade = around.grade
    if grade is None or classification.is_stale(grade):
        return _to_questions(around)
    return Capability.CONFIRM_GRADE, f"/do/confirm-grade/{grade.pk}/"


def _to_version(around: Around) -> tuple[Capability, str]:
    release = around.release
    if around.has_versions:
        return Capability.REGISTER_VERSION, f"/do/attach-version/{release.pk}/"
    path = f"/do/register-version/{release.model_use.model_id}/?next=/releases/{release.pk}/"
    return Capability.REGISTER_VERSION, path


def _to_validation(around: Around) -> tuple[Capability, str] | None:
    if around.running is not None:
        return Capability.VALIDATE, f"/validations/{around.running.pk}/"
    if around.release.stage != Stage.S2:
        return None
    return Capability.VALIDATE, f"/do/plan-validation/{around.release.pk}/"


def _to_approval(around: Around) -> tuple[Capability, str] | None:
    if around.release.stage != Stage.S3 or around.is_approval_open:
        return None
    return Capability.REQUEST_APPROVAL, f"/do/request-approval/{around.release.pk}/"


def _to_deployment(around: Around) -> tuple[Capability, str] | None:
    if around.release.stage not in (Stage.S4, Stage.S5):
        return None
    query = f"?environment={Environment.PRODUCTION.value}"
    return Capability.REPORT_DEPLOYMENT, f"/do/report-deployment/{around.release.pk}/{query}"


# A fact of governance.lifecycle.queries.facts.NAMED → who opens which page to make it true.
_DOORS: dict[str, Door] = {
    "use_case_card": _to_card,
    "grading_confirmed": _to_confirmation,
    "screened": _to_questions,
    "grading_complete": _to_questions,
    "version_registered": _to_version,
    "validated": _to_validation,
    "explainability_level": _to_validation,
    "approved": _to_approval,
    "deployed_digest": _to_deployment,
}


def tag(key: str) -> str:
    """How sure we are of a source, in words."""
    return {
        "verified": _("verified"),
        "secondary": _("secondary source"),
        "recalled": _("recalled"),
        "own_design": _("own design"),
    }[key]
