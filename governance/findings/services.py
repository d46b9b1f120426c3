"""Findings' and waivers' verbs."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils.translation import gettext as _

from governance.committees.queries import is_barred, is_interested
from governance.findings.models import FINDING_STATES, Finding, Severity, Waiver
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.releases import services as releases
from registry.releases.queries import check_reach

MOST_WAIVER_DAYS = 90


def raise_finding(
    *, actor: User, release_id: uuid.UUID, severity: str, title: str, detail: str = ""
) -> Finding:
    """There is an open finding about the release."""
    if severity not in Severity.values:
        raise DomainError("unknown_severity", _("Unknown severity."), field="severity", status=400)
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        check_reach(actor, Capability.RAISE_FINDING, release)
        row = Finding(
            release=release,
            severity=severity,
            title=title,
            detail=detail,
            raised_by=actor,
            raised_at=clock.now(),
        )
        return act.create(row, "finding.raised")


def plan_finding(*, actor: User, finding_id: uuid.UUID, plan: str, due_on: dt.date) -> Finding:
    """The finding has a dated plan."""
    if due_on <= clock.today():
        raise DomainError("due_in_the_past", _("The date must lie ahead."), field="due_on")
    if len(plan.strip()) < 2:
        raise DomainError("text_needed", _("Describe the plan."), field="plan")
    with ledger.act(actor) as act:
        row = ledger.lock(Finding.objects.all(), finding_id)
        check_reach(actor, Capability.REGISTER, row.release)
        FINDING_STATES.check(row, "planned")
        return act.update(
            row, "finding.planned", {"state": "planned", "plan": plan, "due_on": due_on}
        )


def close_finding(*, actor: User, finding_id: uuid.UUID, note: str) -> Finding:
    """The second line has confirmed that the finding is mended; never the model's owner."""
    with ledger.act(actor) as act:
        row = ledger.lock(Finding.objects.all(), finding_id)
        if is_interested(actor, row.release):
            raise SegregationRefused(
                "interested_person",
                _("Whoever owns or built the model does not close a finding on it."),
            )
        check_reach(actor, Capability.OVERRIDE_GRADE, row.release)
        FINDING_STATES.check(row, "closed")
        changes = {"state": "closed", "closed_by": actor, "closed_note": note}
        return act.update(row, "finding.closed", changes)


def ask_waiver(
    *,
    actor: User,
    release_id: uuid.UUID,
    requirement: str,
    reason: str,
    compensating_measures: str,
    expires_on: dt.date,
) -> Waiver:
    """A waiver is asked for; it holds for nothing until it is granted."""
    for field, text in (("reason", reason), ("compensating_measures", compensating_measures)):
        if len(text.strip()) < 6:
            raise DomainError(
                "text_needed", _("Describe this in at least 6 characters."), field=field
            )
    today = clock.today()
    if not today < expires_on <= today + dt.timedelta(days=MOST_WAIVER_DAYS):
        raise DomainError(
            "waiver_days",
            _("A waiver lasts at most %(days)s days.") % {"days": MOST_WAIVER_DAYS},
            field="expires_on",
        )
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        check_reach(actor, Capability.REGISTER, release)
        row = Waiver(
            release=release,
            requirement=requirement,
            reason=reason,
            compensating_measures=compensating_measures,
            requested_by=actor,
            requested_at=clock.now(),
            expires_on=expires_on,
        )
        return act.create(row, "waiver.requested")


def answer_waiver(*, actor: User, waiver_id: uuid.UUID, grant: bool) -> Waiver:
    """The waiver is granted or refused by the CRO or the head of model risk (HG-11)."""
    with ledger.act(actor) as act:
        row = ledger.lock(Waiver.objects.all(), waiver_id)
        if row.state != "requested":
            raise Conflict("answered_already", _("This has been answered already."))
        if actor.pk == row.requested_by_id or is_barred(actor.pk, row.release):
            raise SegregationRefused(
                "own_waiver",
                _("Nobody grants a waiver for an own request or a model of their own."),
            )
        check_reach(actor, Capability.WAIVE, row.release)
        state = "granted" if grant else "refused"
        return act.update(row, f"waiver.{state}", {"state": state, "granted_by": actor})
