"""Voting and deciding. The order of locks: release, approval, step, committee, ledger."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance.approvals import queries, rules
from governance.approvals.models import (
    Approval,
    ApprovalState,
    BallotSeat,
    Choice,
    Step,
    StepState,
    Vote,
)
from governance.approvals.rules import Outcome
from governance.approvals.services.conditions import attach_conditions, check_dates
from governance.committees import services as committees
from governance.committees.queries import is_barred
from registry.core import clock
from registry.core.calendars.rules import add_months
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Actor
from registry.core.people import queries as people
from registry.core.people import services as people_services
from registry.core.people.models import User, UserKind
from registry.core.people.rules import Capability, Role
from registry.releases import queries as release_queries
from registry.releases import services as releases
from registry.releases.models import Release


@dataclass(frozen=True)
class Ballot:
    """What a voter hands in. conditions: each {"text", "due_on"?}; digest: of the papers read."""

    choice: str
    dossier_digest: str
    reason: str = ""
    conditions: tuple[dict[str, Any], ...] = ()  # Any: JSON
    step_up_id: uuid.UUID | None = None


def cast(*, actor: User, approval_id: uuid.UUID, ballot: Ballot) -> Vote:
    """The actor's vote stands, and the step is decided if nothing can change it any more.

    Raises SegregationRefused, Conflict or DomainError (see rules.check_attempt). Where the
    release has changed materially since the papers were locked, the approval is void and the
    vote is refused (`material_change`).
    """
    if ballot.choice not in Choice.values:
        raise DomainError(
            "unknown_choice",
            _("Unknown vote “%(choice)s”.") % {"choice": ballot.choice},
            field="choice",
            status=400,
        )
    check_dates(ballot.conditions)
    with ledger.act(actor) as act:
        approval, release, step = _lock(approval_id)
        seat, principal = _seat(actor, step, release)
        rules.check_attempt(_attempt(actor, approval, step, seat, principal, release, ballot))
        people.require(actor, Capability.VOTE)
        if _void_if_changed(act, approval, release):
            vote = None
        else:
            vote = _cast(act, actor, approval, release, step, seat, principal, ballot)
    if vote is None:
        raise _material_change()
    return vote


def close_step(*, actor: User, approval_id: uuid.UUID) -> Step:
    """The secretary has closed the vote: who has not voted is absent. Needs a quorum."""
    with ledger.act(actor) as act:
        approval, release, step = _lock(approval_id)
        release_queries.check_reach(actor, Capability.MANAGE_APPROVAL, release)
        if approval.state != ApprovalState.OPEN or step is None:
            raise Conflict("not_open", _("This approval is not open."))
        voided = _void_if_changed(act, approval, release)
        if not voided:
            tally = queries.tally(step, closing=True)
            if not tally.quorum_met:
                raise Conflict(
                    "no_quorum",
                    _("There is no quorum yet; the vote can't be closed."),
                    details={"tally": tally.as_json()},
                )
            _decide(act, actor, approval, release, step, tally)
    if voided or step is None:
        raise _material_change()
    return step


def withdraw(*, actor: User, approval_id: uuid.UUID, reason: str) -> Approval:
    """The requester, or the model's owner, has taken the open approval back."""
    with ledger.act(actor) as act:
        approval, release, _step = _lock(approval_id)
        if actor.pk not in (approval.requested_by_id, release.model_use.model.owner_id):
            raise Forbidden("not_yours", _("Only the requester takes an approval back."))
        if approval.state != ApprovalState.OPEN:
            raise Conflict("not_open", _("This approval is not open."))
        _end(act, approval, ApprovalState.WITHDRAWN, reason)
        return approval


def end_by_move(*, actor: User, approval_id: uuid.UUID) -> Approval:
    """The release goes back: its open approval has ended, whoever moves it."""
    with ledger.act(actor) as act:
        approval, _release, _step = _lock(approval_id)
        _end(act, approval, ApprovalState.WITHDRAWN, "moved_back")
        return approval


def void_if_changed(*, actor: Actor, release_id: uuid.UUID) -> bool:
    """An open approval whose release has changed materially is void; an immaterial change isn't."""
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        found = Approval.objects.select_for_update().filter(release=release, state="open").first()
        return found is not None and _void_if_changed(act, found, release)


def _lock(approval_id: uuid.UUID) -> tuple[Approval, Release, Step | None]:
    """The release first: material changes wait for votes, and votes for them."""
    release_id = Approval.objects.values_list("release_id", flat=True).get(pk=approval_id)
    release = releases.lock(release_id)
    approval = ledger.lock(Approval.objects.all(), approval_id)
    step = (
        Step.objects.select_for_update()
        .filter(approval=approval)
        .exclude(state__in=[StepState.WAITING, StepState.CLOSED])
        .order_by("-order")
        .first()
    )
    return approval, release, step


def _seat(
    actor: User, step: Step | None, release: Release
) -> tuple[BallotSeat | None, uuid.UUID | None]:
    """(the seat the actor can use, the principal where acting for one)."""
    if step is None:
        return None, None
    seats = list(step.seats.select_related("vote"))
    own = [seat for seat in seats if actor.pk in seat.eligible or actor.pk == seat.holder_id]
    free = [seat for seat in own if not hasattr(seat, "vote")]
    if own:
        return (free or own)[0], None
    for seat in seats:
        if seat.holder_id and actor.pk in people.delegates_of(seat.holder_id, step.body_code):
            return seat, seat.holder_id
    return None, None


def _attempt(
    actor: User,
    approval: Approval,
    step: Step | None,
    seat: BallotSeat | None,
    principal: uuid.UUID | None,
    release: Release,
    ballot: Ballot,
) -> rules.Attempt:
    barred = seat.barred_reason if seat else ""
    is_late = seat is None and _had_seat(actor, approval)
    deciding = [actor.pk] if principal is None else [actor.pk, principal]
    if not barred and any(is_barred(one, release) for one in deciding):
        barred = "interested"
    if not barred and step is not None and seat is not None:
        barred = _lost_role(actor, step, seat, release)
    return rules.Attempt(
        is_person=actor.kind == UserKind.PERSON,
        is_technical_administrator=actor.is_superuser,
        approval_state=approval.state,
        step_state=StepState.CLOSED if step is None or is_late else step.state,
        digest_given=ballot.dossier_digest,
        digest_locked=approval.dossier_digest,
        has_seat=seat is not None,
        barred_reason=barred,
        seat_has_vote=seat is not None and hasattr(seat, "vote"),
        has_voted=step is not None and step.votes.filter(voter=actor).exists(),
        choice=ballot.choice,
        reason=ballot.reason,
        is_signature=step is not None and step.policy["kind"] == "signatures",
        conditions=tuple(str(one.get("text", "")) for one in ballot.conditions),
    )


def _lost_role(actor: User, step: Step, seat: BallotSeat, release: Release) -> str:
    """A signature is a role's: whoever has lost the role since the ballot froze gives none."""
    path = release.model_use.entity.path
    for signature in step.policy.get("signatures", ()):
        if signature["seat"] == seat.name:
            roles = [Role(role) for role in signature["roles"]]
            return "" if people.standing(actor).has_at(path, *roles) else "role_ended"
    return ""


def _had_seat(actor: User, approval: Approval) -> bool:
    """Whether the actor could have voted in a step that has been decided."""
    decided = [StepState.PASSED, StepState.FAILED, StepState.CLOSED]
    seats = BallotSeat.objects.filter(step__approval=approval, step__state__in=decided)
    return seats.filter(eligible__contains=[actor.pk]).exists()


def _cast(
    act: ledger.Act,
    actor: User,
    approval: Approval,
    release: Release,
    step: Step | None,
    seat: BallotSeat | None,
    principal: uuid.UUID | None,
    ballot: Ballot,
) -> Vote:
    assert step is not None  # noqa: S101 (check_attempt has refused it)
    assert seat is not None  # noqa: S101 (check_attempt has refused it)
    proof = people_services.spend_step_up(
        user=actor, step_up_id=ballot.step_up_id, subject=approval.dossier_digest
    )
    vote = Vote(
        seat=seat,
        step=step,
        voter=actor,
        on_behalf_of_id=principal,
        choice=ballot.choice,
        reason=ballot.reason,
        conditions=list(ballot.conditions),
        dossier_digest=ballot.dossier_digest,
        step_up=proof,
        cast_at=clock.now(),
    )
    act.create(vote, "vote.cast", approval=approval.pk)
    tally = queries.tally(step)
    if tally.outcome is not Outcome.PENDING:
        _decide(act, actor, approval, release, step, tally)
    return vote


def _decide(
    act: ledger.Act,
    actor: User,
    approval: Approval,
    release: Release,
    step: Step,
    tally: rules.Tally,
) -> None:
    """The step has its result; the next one opens, or the approval is decided."""
    passed = tally.outcome is Outcome.APPROVED
    changes = {
        "state": StepState.PASSED if passed else StepState.FAILED,
        "result": tally.as_json(),
        "decided_at": clock.now(),
    }
    act.update(step, "approval.step_decided", changes, outcome=tally.outcome.value)
    if step.policy["kind"] == "committee" and step.policy["resolution"]:
        committees.resolve(
            actor=actor,
            body_code=step.body_code,
            subject_id=approval.pk,
            outcome=tally.outcome.value,
            text_zh=f"{approval.code}:{tally.in_favour} 票赞成,{tally.against} 票反对,"
            f"{tally.abstained} 票弃权,{tally.recused} 人回避。",
            text_en=f"{approval.code}: {tally.in_favour} in favour, {tally.against} against, "
            f"{tally.abstained} abstained, {tally.recused} recused.",
        )
    following = approval.steps.select_for_update().filter(order=step.order + 1).first()
    if passed and following is not None:
        act.update(following, "approval.step_opened", {"state": StepState.OPEN})
    elif passed:
        _approve(act, actor, approval, release)
    else:
        state = ApprovalState.REJECTED
        if tally.outcome is Outcome.DEFERRED:
            state = ApprovalState.DEFERRED
        _end(act, approval, state, "")
        if state is ApprovalState.REJECTED and release.approved_digest:
            ended = act.note(release, "approval.grant_ended", digest=release.approved_digest)
            releases.end_approval(actor=actor, release=release, warrant=ended)


def _approve(act: ledger.Act, actor: User, approval: Approval, release: Release) -> None:
    """The release carries the approval, by a warrant of this decision."""
    until = add_months(clock.today(), approval.route["valid_months"])
    changes = {
        "state": ApprovalState.APPROVED,
        "decided_at": clock.now(),
        "valid_until": until,
    }
    act.update(approval, "approval.approved", changes)
    attach_conditions(act, approval, release)
    warrant = act.note(
        release, "approval.granted", facts={"until": until}, digest=approval.material_digest
    )
    releases.record_approval(
        actor=actor,
        release=release,
        digest=approval.material_digest,
        until=until,
        warrant=warrant,
    )


def _end(act: ledger.Act, approval: Approval, state: ApprovalState, reason: str) -> None:
    changes = {"state": state, "decided_at": clock.now(), "outcome_reason": reason}
    act.update(approval, f"approval.{state.value}", changes)
    for step in (
        approval.steps.select_for_update()
        .filter(state__in=[StepState.WAITING, StepState.OPEN])
        .order_by("pk")
    ):
        act.update(step, "approval.step_closed", {"state": StepState.CLOSED})


def _void_if_changed(act: ledger.Act, approval: Approval, release: Release) -> bool:
    if approval.state != ApprovalState.OPEN:
        return False
    if release_queries.material_digest(release) == approval.material_digest:
        return False
    _end(act, approval, ApprovalState.VOID, "material_change")
    return True


def _material_change() -> Conflict:
    return Conflict(
        "material_change",
        _(
            "The release has changed materially since the papers were locked; "
            "this approval is void."
        ),
        hint=_("The owner requests approval again, with new papers."),
    )
