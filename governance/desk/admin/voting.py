"""The vote page: the locked papers, the ballot, one vote with a step-up."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.approvals import queries, services
from governance.approvals.models import Approval, BallotSeat, Choice, Step
from governance.approvals.schema import ApprovalsSection
from governance.approvals.services import Ballot
from governance.desk.admin.fields import DeskForm, text
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import body_label, value_of
from governance.lifecycle.queries.papers import approvals_section
from governance.validations.models import Conclusion, TestOutcome
from registry.core.adminkit import named
from registry.core.errors import DomainError
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse
from registry.core.policy import queries as policy
from registry.core.web.wording import whole_text
from registry.evidence import queries as evidence
from registry.releases import queries as releases


class VoteForm(DeskForm):
    """A vote on the papers whose digest the page shows."""

    choice = forms.ChoiceField(
        label=_("your vote"), choices=Choice.choices, widget=forms.RadioSelect
    )
    reason = text(_("reason"), required=False, help_text=_("A plain approval needs none."))
    conditions = text(
        _("conditions"),
        required=False,
        help_text=_("One a line; each becomes a dated task of the model's owner."),
    )
    password = forms.CharField(
        label=_("password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("Proves that it is you who votes (step-up)."),
    )
    dossier_digest = forms.CharField(widget=forms.HiddenInput)


@page
def approval(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The papers and the ballot; a POST casts the vote. Refusals are shown and recorded."""
    row = get_or_refuse(
        queries.visible_to(request.user).select_related(
            "release__model_use__model", "requested_by"
        ),
        pk,
    )
    seat = queries.seats_to_vote(request.user).filter(step__approval=row).first()
    form = VoteForm(request.POST or None, initial={"dossier_digest": row.dossier_digest})
    if request.method == "POST" and form.is_valid():
        refusal = _vote(request.user, row, form.cleaned_data)
        if refusal is None:
            messages.success(request, gettext("Your vote stands."))
            return HttpResponseRedirect(request.path)
        form.add_error(None, refusal)
    row.refresh_from_db(fields=["state"])
    section = approvals_section(policy.active_pack())
    names = _seat_names(section)
    context = {
        "approval": row,
        "model_name": named(row.release.model_use.model),
        **_papers(request.user, row),
        "seat_label": _label(seat, row, names) if seat else "",
        "route": said(row.route["label"]),
        "steps": _steps(row, section, names),
        "seat": seat,
        "form": form,
        "conditions": row.conditions.select_related("owner"),
        "verbs": offered(request.user, "close-vote", "withdraw-approval")
        if row.state == "open"
        else [],
        "condition_verbs": offered(request.user, "meet-condition"),
    }
    return show(request, "approval", row.code, context, status=422 if form.errors else 200)


def _vote(user: User, row: Approval, data: dict[str, Any]) -> str | None:
    """None where the vote stands; else why it was refused."""
    lines = [line.strip() for line in data["conditions"].splitlines() if line.strip()]
    try:
        proof = people.step_up(user=user, password=data["password"], subjects=[row.dossier_digest])
        ballot = Ballot(
            choice=data["choice"],
            dossier_digest=data["dossier_digest"],
            reason=data["reason"],
            conditions=tuple({"text": line} for line in lines),
            step_up_id=proof.pk,
        )
        services.cast(actor=user, approval_id=row.pk, ballot=ballot)
    except DomainError as refusal:
        ledger.record_refusal(actor=user, subject=row, refusal=refusal)
        return whole_text(refusal)
    return None


def _steps(row: Approval, section: ApprovalsSection, names: dict[str, str]) -> list[dict[str, Any]]:
    steps = row.steps.prefetch_related("seats__vote__voter", "seats__holder")
    return [_step(row, step, section, names) for step in steps.order_by("order")]


def _step(
    row: Approval, step: Step, section: ApprovalsSection, names: dict[str, str]
) -> dict[str, Any]:
    seats = list(step.seats.all())
    for seat in seats:
        seat.label = _label(seat, row, names)  # type: ignore[attr-defined]  # for the template alone
    return {
        "step": step,
        "tally": queries.tally(step),
        "is_committee": step.policy["kind"] == "committee",
        "policy": step.policy,
        "body": body_label(section, step.body_code),
        "veto": gettext(", ").join(
            names.get(name, name) for name in step.policy.get("veto_seats", [])
        ),
        "seats": seats,
    }


def _seat_names(section: ApprovalsSection) -> dict[str, str]:
    return {
        name: said(label.model_dump())
        for body in section.bodies
        for name, label in body.named_seats.items()
    }


def _label(seat: BallotSeat, row: Approval, names: dict[str, str]) -> str:
    """The seat's name in words: of the committee, or of the signature in the copied route."""
    for step in row.route["steps"]:
        for signature in step.get("signatures", []):
            if signature["seat"] == seat.name:
                return said(signature["label"])
    return names.get(seat.name, seat.name) or gettext("member")


def _papers(user: User, row: Approval) -> dict[str, Any]:
    """The locked papers, with their codes in words."""
    concluded = (row.dossier.get("validation") or {}).get("conclusion", "")
    metrics = (row.dossier.get("version") or {}).get("metrics") or {}
    return {
        "papers": row.dossier,
        "documents": _documents(user, row),
        "tests": _tests(row),
        "conclusion": dict(Conclusion.choices).get(concluded, ""),
        "metrics": value_of(metrics),
    }


def _documents(user: User, row: Approval) -> list[dict[str, Any]]:
    """The documents as locked; those that the person may see lead to their file."""
    kinds, locked = evidence.kinds(), row.dossier.get("documents", [])
    there = evidence.visible_to(user).filter(
        sha256__in=[one["sha256"] for one in locked],
        subject_id__in=releases.subjects_of(row.release),
    )
    files = {one.sha256: f"/documents/{one.pk}/file/" for one in there}
    return [
        one
        | {
            "label": said(kinds[one["kind"]].label.model_dump()) if one["kind"] in kinds else "",
            "url": files.get(one["sha256"], ""),
        }
        for one in locked
    ]


def _tests(row: Approval) -> list[dict[str, Any]]:
    outcomes = dict(TestOutcome.choices)
    tests = (row.dossier.get("validation") or {}).get("tests", [])
    return [one | {"outcome": outcomes.get(one["outcome"], one["outcome"])} for one in tests]
