"""Reading approvals: what a person may see, has to decide, and how a step stands."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, models
from django.db.models import Q

from governance.approvals import rules
from governance.approvals.models import (
    Approval,
    ApprovalState,
    BallotSeat,
    Condition,
    Step,
    StepState,
)
from governance.approvals.schema import CommitteeVote
from registry.catalogue.queries import may_be_seen
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import parts_of
from registry.core.people.models import Delegation, User
from registry.core.people.queries import on_duty
from registry.core.policy.models import PackRelease, PackState
from registry.releases.models import Release


def visible_to(user: User) -> models.QuerySet[Approval]:
    """Approvals of releases the person may see, or on whose ballot the person stands."""
    return Approval.objects.filter(
        may_be_seen(user, "release__model_use__model__") | Q(pk__in=_on_ballot(user))
    )


def visible_conditions(user: User) -> models.QuerySet[Condition]:
    """Conditions of the approvals that the person may see."""
    return Condition.objects.filter(approval__in=visible_to(user).values("pk"))


def _on_ballot(user: User) -> models.QuerySet[BallotSeat, uuid.UUID]:
    """A dated duty: who has a seat reads the papers."""
    return BallotSeat.objects.filter(eligible__contains=[user.pk]).values_list(
        "step__approval", flat=True
    )


def seats_to_vote(user: User) -> models.QuerySet[BallotSeat]:
    """The seats on which the person, or a principal of theirs, can vote now."""
    principals = Delegation.objects.filter(
        on_duty(), delegate=user, accepted_at__isnull=False, revoked_at__isnull=True
    ).values("principal")
    return (
        BallotSeat.objects.filter(
            Q(eligible__contains=[user.pk]) | Q(holder__in=principals),
            step__state=StepState.OPEN,
            step__approval__state="open",
            vote__isnull=True,
            barred_reason="",
        )
        .exclude(step__votes__voter=user)
        .select_related("step__approval__release__model_use__model")
        .order_by("step__approval__requested_at", "pk")
    )


def tally(step: Step, *, closing: bool = False) -> rules.Tally:
    """How the step stands."""
    seats = [
        rules.SeatVote(
            name=seat.name,
            line=seat.line,
            choice=seat.vote.choice if hasattr(seat, "vote") else "",
            is_barred=bool(seat.barred_reason),
        )
        for seat in step.seats.select_related("vote")
    ]
    if step.policy["kind"] == "signatures":
        return rules.signatures(seats, closing=closing)
    return rules.committee(CommitteeVote.model_validate(step.policy), seats, closing=closing)


@dataclass(frozen=True)
class Signature:
    """Somebody has signed that a pack shall be in force under a profile."""

    name: str
    profile: str
    at: dt.datetime


def signatures_of(packs: Iterable[PackRelease]) -> dict[uuid.UUID, list[Signature]]:
    """The signatures of each pack that is not in force yet, in two statements."""
    waiting = [one.pk for one in packs if one.state == PackState.LOADED]
    entries = Entry.objects.filter(kind="pack.activation_signed", subject_id__in=waiting)
    rows = list(entries.order_by("seq").values("subject_id", "actor", "body", "recorded_at"))
    names = dict(
        User.objects.filter(pk__in={row["actor"] for row in rows}).values_list("pk", "name")
    )
    found: dict[uuid.UUID, list[Signature]] = {}
    for row in rows:
        profile = str(parts_of(row["body"])[1].get("profile", ""))
        signature = Signature(names.get(row["actor"], ""), profile, row["recorded_at"])
        found.setdefault(row["subject_id"], []).append(signature)
    return found


def last_decided(release: Release) -> Approval | None:
    """The release's latest approval on which somebody decided: only the newest decision counts."""
    decided = [ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.DEFERRED]
    found = Approval.objects.filter(release=release, state__in=decided)
    return found.order_by("-decided_at", "-code").first()


def overdue_conditions(release: Release) -> models.QuerySet[Condition]:
    """Conditions of the release's approvals that are not met though their day has come."""
    return Condition.objects.filter(
        approval__release=release,
        approval__state=ApprovalState.APPROVED,
        met_at=None,
        due_on__lte=clock.today(),
    )


def unproved_votes(most: int) -> list[tuple[str, int]]:
    """Votes that no step-up of their voter for the papers permitted: the first, and how many.

    Step-ups have no entries of their own; the vote names the one that it spent.
    """
    statement = (
        "SELECT v.id, count(*) OVER () FROM governance_vote v"
        " LEFT JOIN registry_stepupuse u ON u.id = v.step_up_id"
        " LEFT JOIN registry_stepup p ON p.id = u.step_up_id"
        " WHERE NOT coalesce(u.subject = v.dossier_digest AND u.subject = ANY (p.subjects)"
        " AND p.user_id = v.voter_id AND u.used_at >= p.proved_at AND u.used_at < p.expires_at,"
        " false) ORDER BY v.id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [most])
        rows = cursor.fetchall()
    told = "governance.vote {} has no step-up of its voter for the papers"
    return [(told.format(key), total) for key, total in rows]
