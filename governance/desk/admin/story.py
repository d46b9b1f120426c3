"""The story of a model: one page from its registration to its retirement."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import FileResponse, HttpResponse

from governance.approvals.models import Approval
from governance.desk import queries
from governance.desk.admin import (
    cards,
    clocks,
    gates,
    orders,
    oversight,
    permits,
    reviews,
    running,
    watching,
)
from governance.desk.admin.chronicle import tell
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import requirement_labels
from governance.findings import queries as findings
from governance.lifecycle import queries as lifecycle
from governance.lifecycle.rules import Gate, Met
from governance.suspensions import queries as suspensions
from governance.suspensions.models import OrderKind, TargetType
from governance.trail import queries as trail
from governance.validations import queries as validations
from governance.validations.models import Validation
from governance.validations.services import ENDED
from registry.catalogue import queries as catalogue
from registry.catalogue.models import AIModel
from registry.classification import queries as classification
from registry.classification.models import Grade
from registry.core.adminkit import named
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, standing
from registry.core.people.rules import Capability, Role
from registry.discovery import queries as discovery
from registry.evidence import queries as evidence
from registry.evidence.api import download
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import ORDER, Release, Stage
from registry.usecases import queries as usecases

LINES = 120  # of what happened, on the page; the first of them unfolded
UNFOLDED = 15


@page
def model(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The model's story, at its newest release."""
    row = get_or_refuse(
        catalogue.visible_to(request.user).select_related("owner", "entity", "department"), pk
    )
    newest = (
        releases.whole(releases.visible_to(request.user))
        .filter(model_use__model=row)
        .order_by("-stage", "-stage_since")
        .first()
    )
    return _show(request, row, newest)


@page
def release(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The model's story, at this release."""
    row = get_or_refuse(releases.whole(releases.visible_to(request.user)), pk)
    return _show(request, row.model_use.model, row)


@page
def document(request: PersonRequest, pk: uuid.UUID) -> FileResponse:
    """The document's bytes."""
    return download(request.user, pk)


@page
def validation(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """A validation with its tests and working papers."""
    row = get_or_refuse(
        validations.visible_to(request.user).select_related(
            "release__model_use__model", "validator", "signed_off_by"
        ),
        pk,
    )
    context = {
        "validation": row,
        "tests": row.tests.all(),
        "papers": evidence.visible_to(request.user).filter(subject_id=row.pk),
        "verbs": offered(request.user, *_validation_verbs(request.user, row)),
    }
    return show(request, "validation", row.code, context)


def _validation_verbs(user: User, row: Validation) -> tuple[str, ...]:
    """Its validator works on it, its model's owner answers, somebody else signs it off."""
    owner, validator = row.release.model_use.model.owner_id, row.validator_id
    if row.state in ENDED:
        return ()
    found = _steps_of(user, row, owner, validator)
    head = standing(user).has(Role.MODEL_RISK_HEAD)
    return (*found, "abandon-validation") if head or user.pk == validator else found


def _steps_of(
    user: User, row: Validation, owner: uuid.UUID, validator: uuid.UUID
) -> tuple[str, ...]:
    match row.state:
        case "planned" if user.pk == validator:
            return "record-test", "hand-in-working-paper", "conclude-validation"
        case "concluded" if user.pk == owner:
            return ("answer-validation",)
        case "answered" if user.pk not in (owner, validator):
            return ("sign-off-validation",)
    return ()


def _show(request: PersonRequest, row: AIModel, chosen: Release | None) -> HttpResponse:
    user = request.user
    uses = usecases.visible_uses(user).filter(model=row).select_related("use_case", "entity")
    subjects = [row.pk, *(use.pk for use in uses), *(use.use_case_id for use in uses)]
    context: dict[str, Any] = {
        "model": row,
        "name": named(row),
        "uses": uses,
        "versions": row.versions.prefetch_related("developers__user")[:10],
        "releases": releases.whole(releases.visible_to(user).filter(model_use__model=row)).order_by(
            "-stage_since"
        ),
        "chosen": chosen,
        "more_verbs": offered(
            user, "correct-model", "hand-over", *(["initiate"] if row.is_confidential else [])
        ),
        "initiations": catalogue.visible_initiations(user).filter(model=row).select_related("user")
        if row.is_confidential
        else [],
        "initiation_verbs": offered(user, "end-initiation"),
        "sightings": discovery.visible_to(user).filter(model=row, state="open")[:5],
    }
    if chosen is not None:
        context |= _release_context(user, chosen, has_versions=bool(context["versions"]))
        subjects += [chosen.pk, *([chosen.version_id] if chosen.version_id else [])]
        subjects += queries.happened_to(chosen)
        subjects += [key for run in context.get("training", ()) for key in run.keys]
    is_stopped = any(
        one.kind == OrderKind.STOP and one.target_type == TargetType.MODEL and not one.is_drill
        for one in context.get("orders", ())
    )
    verbs = ("register-version", "add-use", *(() if is_stopped else ("stop-model",)))
    context["model_verbs"] = offered(user, *verbs)
    lines = tell(user, trail.about(subjects, limit=LINES))
    context |= {"trail": lines[:UNFOLDED], "earlier": lines[UNFOLDED:]}
    return show(request, "story", named(row), context)


def _release_context(user: User, chosen: Release, *, has_versions: bool) -> dict[str, Any]:
    grade = classification.latest(chosen.model_use)
    target = _next_stage(chosen.stage)
    gate = lifecycle.gate_of(chosen, target) if target else None
    found_orders = orders.tell(user, suspensions.in_force(chosen))
    approvals = list(Approval.objects.filter(release=chosen))
    validations_here = list(chosen.validations.select_related("validator"))
    around = gates.Around(
        release=chosen,
        grade=grade,
        has_versions=has_versions,
        running=next((one for one in validations_here if one.state not in ENDED), None),
        is_approval_open=any(one.state == "open" for one in approvals),
    )
    requirements = gates.requirements(user, around, gate) if gate else []
    is_stopped = any(one.kind == OrderKind.STOP and not one.is_drill for one in found_orders)
    return {
        "rail": _rail(chosen),
        "gate": gate,
        "blocked": gates.blocked(gate) if gate else [],
        "target": target,
        "is_there": target == chosen.stage,
        "requirements": [one for one in requirements if one["state"] in ("missing", "advised")],
        "met": [one for one in requirements if one["state"] not in ("missing", "advised")],
        "orders": found_orders,
        "validations": validations_here,
        "approvals": approvals,
        "verbs": offered(user, *_verbs(around, gate)),
        "danger_verbs": offered(user, "restrict", *([] if is_stopped else ["stop"])),
        **_graded(user, chosen, grade),
        **_exceptions(user, chosen),
        **_beside(user, chosen),
        "documents": _documents(chosen),
        "deployments": chosen.deployments.all()[:5],
        "release_verbs": offered(user, "open-release"),
    }


def _beside(user: User, chosen: Release) -> dict[str, Any]:
    """What other pages tell more of."""
    found: dict[str, Any] = {}
    for page_ in (reviews, clocks, oversight, permits, watching, running, cards):
        found |= page_.of_release(user, chosen)
    return found


def _graded(user: User, chosen: Release, grade: Grade | None) -> dict[str, Any]:
    """The grade in force, what it waits for, and who may change it."""
    return {
        "grade": grade,
        "explanation": grade.result if grade else None,
        "grade_is_stale": grade is not None and classification.is_stale(grade),
        "grade_waits": grade is not None
        and classification.needs_confirmation(grade)
        and not hasattr(grade, "confirmation"),
        "may_write": standing(user).may(Capability.CLASSIFY),
        "use_verbs": offered(user, "override-tier"),
        "grade_verbs": offered(user, "confirm-grade"),
    }


def _exceptions(user: User, chosen: Release) -> dict[str, Any]:
    """Findings, waivers and exemptions, with their requirements in words."""
    waivers = list(chosen.waivers.select_related("requested_by"))
    exemptions = list(chosen.exemptions.select_related("asked_by"))
    labels = requirement_labels() if waivers or exemptions else {}
    rows: list[Any] = [*waivers, *exemptions]
    for row in rows:
        label = labels.get(row.requirement, row.requirement)
        row.requirement_label = label  # for the template alone
    return {
        "findings": findings.not_closed(chosen),
        "waivers": waivers,
        "exemptions": exemptions,
        "order_verbs": offered(user, "resume"),
        "finding_verbs": offered(user, "plan-finding", "close-finding"),
        "exemption_verbs": offered(user, "answer-exemption"),
        "waiver_verbs": offered(user, "answer-waiver"),
    }


def _verbs(around: gates.Around, gate: Gate | None) -> list[str]:
    """The verbs that make sense where the release stands: no button that can only fail."""
    chosen, found = around.release, ["hand-in"]
    is_early = chosen.stage in (Stage.S0, Stage.S1)
    if is_early and chosen.version_id is None and around.has_versions:
        found.append("attach-version")
    if chosen.stage == Stage.S2 and around.running is None:
        found.append("plan-validation")
    if chosen.stage == Stage.S3 and not around.is_approval_open and not _is_approved(gate):
        found.append("request-approval")
    if chosen.stage in (Stage.S4, Stage.S5):
        found.append("report-deployment")
    found += ["ask-exemption", "ask-waiver", "raise-finding"]
    return [*found, "promote"] if chosen.stage != Stage.S8 else []


def _is_approved(gate: Gate | None) -> bool:
    """Whether an approval of the release as it now is is in force."""
    items = gate.items if gate else ()
    return any(one.requirement.fact == "approved" and one.met is Met.FACT for one in items)


def _next_stage(stage: str) -> str:
    """The stage that the release works towards; in production, what production asks for."""
    if stage in (Stage.S5, Stage.S8):
        return "" if stage == Stage.S8 else Stage.S5
    return ORDER[ORDER.index(stage) + 1]


def _rail(chosen: Release) -> list[dict[str, Any]]:
    here = ORDER.index(chosen.stage)
    return [
        {
            "key": stage,
            "label": label,
            "state": "done" if index < here else "current" if index == here else "ahead",
        }
        for index, (stage, label) in enumerate(Stage.choices)
    ]


def _documents(chosen: Release) -> list[Document]:
    """The current documents, each with its kind in words."""
    kinds = evidence.kinds()
    rows = evidence.current(releases.subjects_of(chosen)).select_related("handed_in_by")
    found = list(rows)
    for row in found:
        label = kinds[row.kind].label.model_dump() if row.kind in kinds else None
        row.kind_label = said(label) or row.kind  # type: ignore[attr-defined]  # for the template
    return found
