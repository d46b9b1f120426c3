"""The vote page: the locked papers, the ballot, one vote with a step-up."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from governance.approvals import queries, services
from governance.approvals.models import Approval, Choice
from governance.approvals.services import Ballot
from governance.desk.admin.ballots import conditions_of, seat_label, seat_names, steps_of
from governance.desk.admin.fields import DeskForm, text
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import value_of
from governance.findings import queries as findings
from governance.findings.models import STATE_LABELS, Finding, Severity
from governance.findings.rules import title_in
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
    context = {
        "approval": row,
        "model_name": named(row.release.model_use.model),
        **_papers(request.user, row),
        "seat_label": seat_label(seat, row, seat_names(section)) if seat else "",
        "route": said(row.route["label"]),
        "steps": steps_of(row, section),
        "seat": seat,
        "form": form,
        "conditions": conditions_of(row, section),
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


def _papers(user: User, row: Approval) -> dict[str, Any]:
    """The locked papers, with their codes in words."""
    concluded = (row.dossier.get("validation") or {}).get("conclusion", "")
    metrics = (row.dossier.get("version") or {}).get("metrics") or {}
    return {
        "papers": row.dossier,
        "documents": _documents(user, row),
        "tests": _tests(row),
        "findings": _findings(row),
        "findings_since": _since(user, row),
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


def _findings(row: Approval) -> list[dict[str, Any]]:
    """The findings that were open when the papers were locked, the gravest first."""
    labels, order = dict(Severity.choices), [one.value for one in Severity]
    chinese = (get_language() or "").startswith("zh")
    found = [
        one
        | {
            "severity_label": labels[one["severity"]],
            "state_label": STATE_LABELS[one["state"]],
            "title_shown": title_in(one["title"], chinese=chinese),
        }
        for one in row.dossier.get("findings", [])
    ]
    return sorted(found, key=lambda one: order.index(one["severity"]))


def _since(user: User, row: Approval) -> list[Finding]:
    """Findings raised after the papers were locked, as they now are."""
    rows = findings.visible_to(user).filter(release=row.release, raised_at__gt=row.requested_at)
    return list(rows.exclude(state="closed"))
