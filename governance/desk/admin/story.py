"""The story of a model: one page from its registration to its retirement."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import FileResponse, HttpResponse
from django.utils.translation import gettext as _

from governance.approvals.models import Approval
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.findings import queries as findings
from governance.lifecycle import queries as lifecycle
from governance.lifecycle.rules import Gate, Met
from governance.suspensions import queries as suspensions
from governance.trail import queries as trail
from governance.validations import queries as validations
from registry.catalogue import queries as catalogue
from registry.catalogue.models import AIModel
from registry.classification import queries as classification
from registry.core.adminkit import named
from registry.core.people.models import ROLE_LABELS, User
from registry.core.people.queries import get_or_refuse, standing
from registry.core.people.rules import Capability, Role
from registry.evidence import queries as evidence
from registry.evidence.api import download
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import ORDER, Release, Stage
from registry.usecases import queries as usecases

_STATES = {
    Met.EVIDENCE: "met", Met.FACT: "met", Met.ALTERNATIVE: "met",
    Met.NOT_APPLICABLE: "not_applicable", Met.WAIVED: "waived", Met.MISSING: "missing",
}  # fmt: skip


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
        "verbs": offered(request.user, *_validation_verbs(row.state)),
    }
    return show(request, "validation", row.code, context)


def _validation_verbs(state: str) -> tuple[str, ...]:
    return {
        "planned": ("record-test", "hand-in-working-paper", "conclude-validation"),
        "concluded": ("answer-validation",),
        "answered": ("sign-off-validation",),
    }.get(state, ())


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
        "model_verbs": offered(user, "register-version", "add-use", "stop-model"),
        "more_verbs": offered(
            user, "correct-model", "hand-over", *(["initiate"] if row.is_confidential else [])
        ),
        "initiations": catalogue.visible_initiations(user).filter(model=row).select_related("user")
        if row.is_confidential
        else [],
        "initiation_verbs": offered(user, "end-initiation"),
    }
    if chosen is not None:
        context |= _release_context(user, chosen)
        subjects += [chosen.pk, *([chosen.version_id] if chosen.version_id else [])]
    context["trail"] = trail.about(subjects, limit=30)
    return show(request, "story", named(row), context)


def _release_context(user: User, chosen: Release) -> dict[str, Any]:
    grade = classification.latest(chosen.model_use)
    target = _next_stage(chosen.stage)
    gate = lifecycle.gate_of(chosen, target) if target else None
    requirements = _requirements(chosen, gate) if gate else []
    return {
        "rail": _rail(chosen),
        "grade": grade,
        "explanation": grade.result if grade else None,
        "grade_is_stale": grade is not None and classification.is_stale(grade),
        "grade_waits": grade is not None
        and classification.needs_confirmation(grade)
        and not hasattr(grade, "confirmation"),
        "may_write": standing(user).may(Capability.CLASSIFY),
        "use_verbs": offered(user, "override-tier"),
        "release_verbs": offered(user, "open-release"),
        "grade_verbs": offered(user, "confirm-grade"),
        "gate": gate,
        "target": target,
        "is_there": target == chosen.stage,
        "requirements": [one for one in requirements if one["state"] == "missing"],
        "met": [one for one in requirements if one["state"] != "missing"],
        "orders": suspensions.in_force(chosen),
        "order_verbs": offered(user, "resume"),
        "finding_verbs": offered(user, "plan-finding", "close-finding"),
        "exemption_verbs": offered(user, "answer-exemption"),
        "waiver_verbs": offered(user, "answer-waiver"),
        "documents": _documents(chosen),
        "validations": chosen.validations.select_related("validator"),
        "approvals": Approval.objects.filter(release=chosen),
        "findings": findings.not_closed(chosen),
        "waivers": chosen.waivers.select_related("requested_by"),
        "exemptions": chosen.exemptions.select_related("asked_by"),
        "deployments": chosen.deployments.all()[:5],
        "verbs": offered(user, *_verbs(chosen)),
        "danger_verbs": offered(user, "restrict", "stop"),
    }


def _verbs(chosen: Release) -> list[str]:
    """The verbs that make sense where the release stands."""
    found = ["hand-in"]
    if chosen.stage in (Stage.S0, Stage.S1) and chosen.version_id is None:
        found.append("attach-version")
    if chosen.stage == Stage.S2:
        found.append("plan-validation")
    if chosen.stage == Stage.S3:
        found.append("request-approval")
    if chosen.stage in (Stage.S4, Stage.S5):
        found.append("report-deployment")
    found += ["ask-exemption", "ask-waiver", "raise-finding"]
    return [*found, "promote"] if chosen.stage != Stage.S8 else []


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


def _requirements(chosen: Release, gate: Gate) -> list[dict[str, Any]]:
    """The gate's list as people read it: the missing first, then the rest by stage."""
    told = []
    for item in gate.items:
        if item.met is Met.NOT_NEEDED:
            continue
        about = item.requirement
        label = said(about.label.model_dump())
        if not item.is_mandatory:
            label = f"{label} ({_('recommended')})"
        note = said({"zh": item.why_zh, "en": item.why_en}) if not _is_met(item.met) else ""
        kind = about.documents[0] if about.documents else ""
        told.append(
            {
                "state": _STATES[item.met],
                "label": label,
                "note": note,
                "clause": "; ".join(
                    f"{source.ref} [{_tag(source.tag)}]" for source in about.sources
                ),
                "who": ", ".join(str(ROLE_LABELS[Role(role)]) for role in about.who),
                "url": f"/do/hand-in/{chosen.pk}/?kind={kind}" if item.is_missing and kind else "",
                "order": (_is_met(item.met), about.exit),
            }
        )
    return sorted(told, key=lambda one: one["order"])


def _documents(chosen: Release) -> list[Document]:
    """The current documents, each with its kind in words."""
    kinds = evidence.kinds()
    rows = evidence.current(releases.subjects_of(chosen)).select_related("handed_in_by")
    found = list(rows)
    for row in found:
        label = kinds[row.kind].label.model_dump() if row.kind in kinds else None
        row.kind_label = said(label) or row.kind  # type: ignore[attr-defined]  # for the template
    return found


def _is_met(met: Met) -> bool:
    return met is not Met.MISSING


def _tag(tag: str) -> str:
    return {
        "verified": _("verified"),
        "secondary": _("secondary source"),
        "recalled": _("recalled"),
        "own_design": _("own design"),
    }[tag]
