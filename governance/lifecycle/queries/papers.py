"""The papers of an approval, its route, and who sits on its ballot."""

from __future__ import annotations

import uuid
from typing import Any

from governance.approvals.schema import ApprovalsSection, CommitteeVote, Route, StepPolicy
from governance.approvals.services import SeatToFill, StepToOpen
from governance.committees import queries as committees
from governance.committees.queries import is_barred
from governance.findings import queries as findings
from governance.lifecycle.queries.gates import gate_of, present
from governance.lifecycle.rules import Facts
from governance.validations import queries as validations
from registry.classification import queries as classification
from registry.core.errors import Conflict
from registry.core.ledger.rules import plain
from registry.core.people import queries as people
from registry.core.people.rules import Role
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.core.policy.rules import Outcome, Readings
from registry.evidence import queries as evidence
from registry.releases import queries as releases
from registry.releases.models import Release
from registry.usecases.models import ModelUse


def approvals_section(pack: PackRelease) -> ApprovalsSection:
    """The pack's section on approvals."""
    found = policy.section(pack, "approvals")
    assert isinstance(found, ApprovalsSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def route_for(section: ApprovalsSection, facts: Facts) -> Route:
    """The first route whose rule fires. Raises Conflict (`no_route`) where none does."""
    readings = Readings(facts.readings)
    for route in section.routes:
        if route.rule.compiled.evaluate(readings) is Outcome.PASS:
            return route
    raise Conflict("no_route", f"No approval route applies to tier {facts.tier or '–'}.")


def ballots(route: Route, release: Release) -> list[StepToOpen]:
    """Each step with its ballot. Raises Conflict (`seat_empty`) where a needed seat has nobody."""
    return [StepToOpen(step, _seats(step, release)) for step in route.steps]


def _seats(step: StepPolicy, release: Release) -> tuple[SeatToFill, ...]:
    if isinstance(step, CommitteeVote):
        return _committee_seats(step, release)
    seats = []
    for signature in step.signatures:
        eligible = _holders(signature.roles, release)
        if not eligible:
            raise _empty(signature.seat)
        seats.append(SeatToFill(signature.seat, signature.line, None, eligible))
    return tuple(seats)


def _committee_seats(step: CommitteeVote, release: Release) -> tuple[SeatToFill, ...]:
    seats = []
    for member in committees.members(step.body):
        barred = is_barred(member.user.pk, release)
        lines = sorted(line.value for line in people.lines_of(member.user.pk))
        seats.append(
            SeatToFill(
                name=member.seat.name,
                line=lines[-1] if lines else "-",
                holder_id=member.user.pk,
                eligible=() if barred else (member.user.pk,),
                barred_reason="interested" if barred else "",
            )
        )
    filled = {seat.name for seat in seats if seat.eligible}
    for name in step.quorum.named_seats:
        if name not in filled:
            raise _empty(f"{step.body}.{name}")
    return tuple(seats)


def _holders(roles: tuple[str, ...], release: Release) -> tuple[uuid.UUID, ...]:
    path = release.model_use.entity.path
    found: dict[uuid.UUID, None] = {}
    for role in roles:
        for user in people.holders_of(Role(role), path):
            if not is_barred(user.pk, release):
                found[user.pk] = None
    return tuple(found)


def _empty(seat: str) -> Conflict:
    return Conflict(
        "seat_empty",
        "Nobody can use the seat “%(seat)s”: it is vacant, or its holder is barred.",
        field="route",
        hint="Give the seat to somebody, or a deputy, who is neither owner, developer "
        "nor validator.",
        params={"seat": seat},
    )


def dossier(release: Release, route: Route) -> dict[str, Any]:  # Any: JSON
    """议案: everything that a voter is shown, as canonical JSON."""
    use, grade = release.model_use, classification.in_force(release.model_use)
    documents = evidence.current(releases.subjects_of(release)).order_by("kind", "handed_in_at")
    open_findings = findings.not_closed(release).values("severity", "title", "state", "due_on")
    return dict(
        plain(
            {
                "release": {"code": release.code, "id": release.pk, "stage": release.stage},
                "model": {
                    "code": use.model.code,
                    "name_zh": use.model.name_zh,
                    "name_en": use.model.name_en,
                    "owner": use.model.owner_id,
                },
                "version": _version(release),
                "use_case": _use_case(use),
                "grade": grade.result | {"number": grade.number} if grade else None,
                "tier": use.tier,
                "validation": _validation(release),
                "findings": list(open_findings),
                "documents": list(documents.values("kind", "title", "sha256", "statement")),
                "gate": present(gate_of(release, "S3")),
                "route": route.label.model_dump(),
                "material_digest": releases.material_digest(release),
            }
        )
    )


def _version(release: Release) -> dict[str, Any] | None:  # Any: JSON
    version = release.version
    if version is None:
        return None
    return {
        "label": version.label,
        "digest": version.digest,
        "identity": version.identity_kind,
        "metrics": version.metrics,
    }


def _use_case(use: ModelUse) -> dict[str, str]:
    card = use.use_case
    return {
        "code": card.code,
        "name_zh": card.name_zh,
        "name_en": card.name_en,
        "purpose": card.purpose,
        "prohibited_uses": card.prohibited_uses,
        "affected_people": card.affected_people,
        "benefit": card.benefit,
        "process_node": card.process_node,
        "entity": use.entity.name_zh,
    }


def _validation(release: Release) -> dict[str, Any] | None:  # Any: JSON
    validation = validations.signed_off(release)
    if validation is None:
        return None
    tests = validation.tests.values("kind", "name", "measure", "threshold", "outcome")
    return {
        "code": validation.code,
        "conclusion": validation.conclusion,
        "explainability_level": validation.explainability_level,
        "summary": validation.summary,
        "limitations": validation.limitations,
        "owner_response": validation.owner_response,
        "tests": list(tests),
    }
