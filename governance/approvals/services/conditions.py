"""Conditions of an approval become dated tasks."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.utils.translation import gettext as _

from governance.approvals.models import Approval, Condition, Vote
from governance.committees.queries import is_barred
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.releases.models import Release
from registry.releases.queries import check_reach

DEFAULT_DAYS = 90


def check_dates(conditions: tuple[dict[str, Any], ...]) -> None:  # Any: JSON
    """Raises DomainError for a condition that is no text, or (`condition_date`) without a day."""
    for named in conditions:
        if not isinstance(named.get("text", ""), str):
            raise DomainError(
                "condition_text", _("A condition is a text."), field="conditions", status=400
            )
        told = named.get("due_on")
        if told in (None, ""):
            continue
        try:
            is_ahead = dt.date.fromisoformat(str(told)) >= clock.today()
        except ValueError:
            is_ahead = False
        if not is_ahead:
            raise DomainError(
                "condition_date",
                _("A condition is due on a day ahead, written as YYYY-MM-DD."),
                field="conditions",
            )


def attach_conditions(act: ledger.Act, approval: Approval, release: Release) -> None:
    """Every condition that a member named is a task of the model's owner, with a date."""
    votes = Vote.objects.filter(step__approval=approval, choice="approve_with_conditions")
    conditions = [
        Condition(
            approval=approval,
            text=str(named["text"]),
            owner=release.model_use.model.owner,
            due_on=_due(named.get("due_on")),
        )
        for vote in votes.order_by("cast_at", "pk")
        for named in vote.conditions
    ]
    act.create_many(conditions, "condition.attached")


def pass_on_conditions(*, actor: User, model_id: uuid.UUID, owner: User) -> list[Condition]:
    """The model's open conditions are the new owner's tasks; the caller has locked its releases."""
    with ledger.act(actor) as act:
        rows = (
            Condition.objects.select_for_update(of=("self",))
            .filter(approval__release__model_use__model=model_id, met_at=None)
            .exclude(owner=owner)
            .order_by("pk")
        )
        return [act.update(row, "condition.passed_on", {"owner": owner}) for row in rows]


def meet_condition(*, actor: User, condition_id: uuid.UUID, note: str) -> Condition:
    """Another person than its owner has confirmed that the condition is met."""
    with ledger.act(actor) as act:
        row = ledger.lock(Condition.objects.select_related("approval__release"), condition_id)
        release = row.approval.release
        if row.met_at:
            raise Conflict("already_met", _("This condition is met already."))
        if actor.pk == row.owner_id or is_barred(actor.pk, release):
            raise SegregationRefused(
                "own_condition",
                _("Neither owner nor developer confirms a condition."),
            )
        check_reach(actor, Capability.CONFIRM_REQUIREMENT, release)
        changes = {"met_at": clock.now(), "met_by": actor, "met_note": note}
        return act.update(row, "condition.met", changes)


def _due(told: object) -> dt.date:
    """The member's date, which was checked when the vote was cast; else ninety days ahead."""
    if told:
        return dt.date.fromisoformat(str(told))
    return clock.today() + dt.timedelta(days=DEFAULT_DAYS)
