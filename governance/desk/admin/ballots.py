"""The ballot in words: each step with its seats and count, and the conditions named so far."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from governance.approvals import queries
from governance.approvals.models import Approval, BallotSeat, Step
from governance.approvals.rules import Tally
from governance.approvals.schema import ApprovalsSection
from governance.desk.admin.pages import said
from governance.desk.admin.words import body_label, line_label

Names = dict[str, str]


def seat_names(section: ApprovalsSection) -> Names:
    """The seats that the bodies name, in words."""
    return {
        name: said(label.model_dump())
        for body in section.bodies
        for name, label in body.named_seats.items()
    }


def seat_label(seat: BallotSeat, row: Approval, names: Names) -> str:
    """The seat's name in words: of the committee, or of the signature in the copied route."""
    for step in row.route["steps"]:
        for signature in step.get("signatures", []):
            if signature["seat"] == seat.name:
                return said(signature["label"])
    return names.get(seat.name, seat.name) or _("member")


def steps_of(row: Approval, section: ApprovalsSection) -> list[dict[str, Any]]:
    """The steps in their order, each with its seats, its count and what its quorum lacks."""
    names = seat_names(section)
    steps = row.steps.prefetch_related("seats__vote__voter", "seats__holder")
    return [_step(row, step, section, names) for step in steps.order_by("order")]


def _step(row: Approval, step: Step, section: ApprovalsSection, names: Names) -> dict[str, Any]:
    seats = list(step.seats.all())
    for seat in seats:
        seat.label = seat_label(seat, row, names)  # type: ignore[attr-defined]  # for the template alone
    is_committee, tally = step.policy["kind"] == "committee", queries.tally(step)
    return {
        "step": step,
        "tally": tally,
        "is_committee": is_committee,
        "policy": step.policy,
        "body": body_label(section, step.body_code),
        "veto": _(", ").join(names.get(one, one) for one in step.policy.get("veto_seats", [])),
        "lacks": _lacks(step.policy, tally, names) if is_committee else [],
        "seats": seats,
    }


def _lacks(policy: dict[str, Any], tally: Tally, names: Names) -> list[str]:
    """Each condition of the quorum that is not met yet: share, named seats, lines of defence."""
    quorum, found = policy["quorum"], []
    needed = max(1, math.ceil(Fraction(quorum["share"]) * tally.members))
    if tally.present < needed:
        found.append(
            _("votes of members (%(present)s of at least %(needed)s)")
            % {"present": tally.present, "needed": needed}
        )
    if tally.absent_named_seats:
        seats = _(", ").join(names.get(one, one) for one in tally.absent_named_seats)
        found.append(_("the vote of: %(seats)s") % {"seats": seats})
    for line in tally.short_lines:
        told = {"line": line_label(line), "least": quorum["per_line"][line]}
        found.append(_("the %(line)s (at least %(least)s)") % told)
    return found


def conditions_of(row: Approval, section: ApprovalsSection) -> list[dict[str, Any]]:
    """Each condition with who named it and where: attached ones, else those on the votes so far."""
    votes = [
        (seat.vote, body_label(section, step.body_code))
        for step in row.steps.prefetch_related("seats__vote__voter").order_by("order")
        for seat in step.seats.all()
        if hasattr(seat, "vote") and seat.vote.choice == "approve_with_conditions"
    ]
    named = [
        {
            "text": str(one["text"]),
            "due_on": one.get("due_on") or "",
            "by": vote.voter,
            "body": body,
        }
        for vote, body in sorted(votes, key=lambda told: told[0].cast_at)
        for one in vote.conditions
    ]
    attached = list(row.conditions.select_related("owner"))
    if not attached:
        return named
    by_text = {one["text"]: one for one in named}
    return [by_text.get(one.text, {"text": one.text}) | {"row": one} for one in attached]


__all__ = ["conditions_of", "seat_label", "seat_names", "steps_of"]
