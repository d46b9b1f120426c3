"""How votes become a decision: quorum, majority, veto; and who may vote at all. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from registry.core.errors import Conflict, DomainError, SegregationRefused

if TYPE_CHECKING:
    from governance.approvals.schema import CommitteeVote

YES = frozenset({"approve", "approve_with_conditions"})
RECUSE = "recuse"
CHOICES_THAT_SIGN = frozenset({"approve", "approve_with_conditions", "reject", "defer"})
NEED_REASON = frozenset({"approve_with_conditions", "reject", "recuse", "defer"})


class Outcome(StrEnum):
    """What the votes so far decide."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    DEFERRED = "deferred"


@dataclass(frozen=True)
class SeatVote:
    """A seat of the frozen ballot, and the choice made on it (empty: not yet)."""

    name: str
    line: str
    choice: str = ""
    is_barred: bool = False


@dataclass(frozen=True)
class Tally:
    """The count, in the open: what was reached and what is missing."""

    outcome: Outcome
    members: int
    present: int
    in_favour: int
    against: int
    abstained: int
    recused: int
    deferring: int
    waiting: int
    quorum_met: bool
    absent_named_seats: tuple[str, ...] = ()
    short_lines: tuple[str, ...] = ()
    vetoed_by: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """For the step's result."""
        return {
            "outcome": self.outcome.value,
            "members": self.members,
            "present": self.present,
            "in_favour": self.in_favour,
            "against": self.against,
            "abstained": self.abstained,
            "recused": self.recused,
            "deferring": self.deferring,
            "waiting": self.waiting,
            "quorum_met": self.quorum_met,
            "absent_named_seats": list(self.absent_named_seats),
            "short_lines": list(self.short_lines),
            "vetoed_by": list(self.vetoed_by),
        }


def committee(policy: CommitteeVote, seats: Sequence[SeatVote], *, closing: bool = False) -> Tally:
    """The committee's decision (regulations II.3.3).

    Before every vote is in, only what can't change any more is decided; when the secretary
    closes the vote (`closing`), the seats that have not voted are absent. Present are those who
    voted or abstained; who recuses is neither present nor, as the policy says, a member.
    """
    open_seats = [seat for seat in seats if not seat.is_barred]
    recused = [seat for seat in open_seats if seat.choice == RECUSE]
    present = [seat for seat in open_seats if seat.choice and seat.choice != RECUSE]
    waiting = [seat for seat in open_seats if not seat.choice]
    members = len(open_seats) - (0 if policy.quorum.recused_count_as_members else len(recused))
    absent = _absent(policy, present)
    short = _short(policy, present)
    quorum_met = (
        bool(present)
        and len(present) >= Fraction(policy.quorum.share) * members
        and not absent
        and not short
    )
    vetoed = tuple(
        seat.name for seat in present if seat.choice == "reject" and seat.name in policy.veto_seats
    )
    tally = Tally(
        outcome=Outcome.PENDING,
        members=members,
        present=len(present),
        in_favour=sum(seat.choice in YES for seat in present),
        against=sum(seat.choice == "reject" for seat in present),
        abstained=sum(seat.choice == "abstain" for seat in present),
        recused=len(recused),
        deferring=sum(seat.choice == "defer" for seat in present),
        waiting=len(waiting),
        quorum_met=quorum_met,
        absent_named_seats=absent,
        short_lines=short,
        vetoed_by=vetoed,
    )
    return _with(tally, _outcome(policy, tally, waiting, closing=closing))


def _absent(policy: CommitteeVote, present: Sequence[SeatVote]) -> tuple[str, ...]:
    there = {seat.name for seat in present}
    return tuple(name for name in policy.quorum.named_seats if name not in there)


def _short(policy: CommitteeVote, present: Sequence[SeatVote]) -> tuple[str, ...]:
    return tuple(
        line
        for line, least in policy.quorum.per_line.items()
        if sum(seat.line == line for seat in present) < least
    )


def _with(tally: Tally, outcome: Outcome) -> Tally:
    return Tally(**(vars(tally) | {"outcome": outcome}))


def _outcome(
    policy: CommitteeVote, tally: Tally, waiting: Sequence[SeatVote], *, closing: bool
) -> Outcome:
    if tally.vetoed_by:
        return Outcome.REJECTED
    if not waiting or closing:
        return _final(policy, tally)
    if not tally.quorum_met:
        return Outcome.PENDING
    veto_waits = any(seat.name in policy.veto_seats for seat in waiting)
    worst = _passes(policy, tally.in_favour, tally.present + tally.waiting, tally.abstained)
    if worst and not veto_waits:
        return Outcome.APPROVED
    best = _passes(
        policy, tally.in_favour + tally.waiting, tally.present + tally.waiting, tally.abstained
    )
    could_defer = 2 * (tally.deferring + tally.waiting) > tally.present + tally.waiting
    if not best and not could_defer:
        return Outcome.REJECTED
    return Outcome.PENDING


def _final(policy: CommitteeVote, tally: Tally) -> Outcome:
    if not tally.quorum_met:
        return Outcome.DEFERRED
    if _passes(policy, tally.in_favour, tally.present, tally.abstained):
        return Outcome.APPROVED
    return Outcome.DEFERRED if 2 * tally.deferring > tally.present else Outcome.REJECTED


def _passes(policy: CommitteeVote, in_favour: int, present: int, abstained: int) -> bool:
    whole = present if policy.of == "present" else present - abstained
    needed = policy.threshold * whole
    return in_favour > needed if policy.strict else in_favour >= needed and in_favour > 0


def signatures(seats: Sequence[SeatVote], *, closing: bool = False) -> Tally:
    """Every signature is needed: one refusal rejects, one deferral defers."""
    choices = [seat.choice for seat in seats]
    if "reject" in choices:
        outcome = Outcome.REJECTED
    elif "defer" in choices or (closing and "" in choices):
        outcome = Outcome.DEFERRED
    elif all(choice in YES for choice in choices):
        outcome = Outcome.APPROVED
    else:
        outcome = Outcome.PENDING
    return Tally(
        outcome=outcome,
        members=len(seats),
        present=sum(bool(choice) for choice in choices),
        in_favour=sum(choice in YES for choice in choices),
        against=choices.count("reject"),
        abstained=0,
        recused=0,
        deferring=choices.count("defer"),
        waiting=choices.count(""),
        quorum_met="" not in choices,
    )


@dataclass(frozen=True)
class Attempt:
    """Somebody's attempt to vote, with all that the rules look at."""

    is_person: bool
    is_technical_administrator: bool
    approval_state: str
    step_state: str
    digest_given: str
    digest_locked: str
    has_seat: bool
    barred_reason: str
    seat_has_vote: bool
    has_voted: bool
    choice: str
    reason: str
    is_signature: bool
    conditions: tuple[str, ...] = ()


def check_attempt(attempt: Attempt) -> None:
    """Raises the first reason why this vote is refused, in the order a lawyer would ask.

    SegregationRefused for conflicts, machines, technical administrators and strangers; Conflict
    for late, double and stale votes; DomainError for a vote that is not complete.
    """
    if not attempt.is_person:
        raise SegregationRefused("machine_vote", "A machine account never votes.")
    if attempt.is_technical_administrator:
        raise SegregationRefused(
            "superuser_vote",
            "A technical administrator never votes, whatever other roles are held.",
        )
    if attempt.approval_state != "open" or attempt.step_state != "open":
        raise Conflict("vote_late", "This step is not open for votes any more.", field="step")
    if attempt.barred_reason == "role_ended":
        raise SegregationRefused("role_ended", "The role by which you were to sign has ended.")
    if attempt.barred_reason:
        raise SegregationRefused(
            "vote_in_conflict",
            "Owner, developer, validator, their delegates, the third line, administrators and "
            "vendor staff have no vote on this.",
            details={"barred_because": attempt.barred_reason},
        )
    if not attempt.has_seat:
        raise SegregationRefused("no_seat", "You have no seat on this ballot today.")
    if attempt.has_voted or attempt.seat_has_vote:
        raise Conflict("vote_twice", "This seat has voted already; a vote is never changed.")
    if attempt.digest_given != attempt.digest_locked:
        raise Conflict(
            "stale_papers",
            "The papers you voted on are not the locked ones.",
            field="dossier_digest",
            hint="Open the papers again and vote on their digest.",
        )
    _check_complete(attempt)


def _check_complete(attempt: Attempt) -> None:
    if attempt.is_signature and attempt.choice not in CHOICES_THAT_SIGN:
        raise DomainError(
            "choice_not_possible",
            "A signature approves, refuses or defers; it can't abstain.",
            field="choice",
        )
    if attempt.choice in NEED_REASON and len(attempt.reason.strip()) < 2:
        raise DomainError("reason_needed", "Give a reason for this vote.", field="reason")
    named = bool(attempt.conditions) and all(text.strip() for text in attempt.conditions)
    if attempt.choice == "approve_with_conditions" and not named:
        raise DomainError("conditions_needed", "Name at least one condition.", field="conditions")
