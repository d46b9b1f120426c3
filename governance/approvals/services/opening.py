"""Opening an approval: the papers are locked, the ballot is frozen."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.approvals.models import Approval, BallotSeat, Step, StepState
from governance.approvals.schema import Route, StepPolicy
from registry.core import clock
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.releases import queries as releases
from registry.releases.models import Release


@dataclass(frozen=True)
class SeatToFill:
    """A seat of the ballot: who may use it, or why nobody may."""

    name: str
    line: str
    holder_id: uuid.UUID | None
    eligible: tuple[uuid.UUID, ...] = ()
    barred_reason: str = ""


@dataclass(frozen=True)
class StepToOpen:
    """A step with its ballot."""

    policy: StepPolicy
    seats: tuple[SeatToFill, ...] = field(default=())


def open_approval(
    *,
    actor: User,
    release: Release,
    route: Route,
    dossier: dict[str, Any],  # Any: JSON
    steps: Sequence[StepToOpen],
) -> Approval:
    """The release, locked by the caller, has an open approval; its first step takes votes.

    The route and the ballot are copied: tomorrow's policy does not explain today's vote.
    """
    with ledger.act(actor) as act:
        approval = Approval(
            code=ledger_queries.next_code("APR"),
            release=release,
            tier=release.model_use.tier,
            route=route.model_dump(mode="json"),
            dossier=dossier,
            dossier_digest=ledger.digest(dossier),
            material_digest=releases.material_digest(release),
            requested_by=actor,
            requested_at=clock.now(),
        )
        act.create(approval, "approval.requested")
        for order, planned in enumerate(steps, start=1):
            _open_step(act, approval, order, planned)
        return approval


def _open_step(act: ledger.Act, approval: Approval, order: int, planned: StepToOpen) -> None:
    step = Step(
        approval=approval,
        order=order,
        body_code=planned.policy.body,
        policy=planned.policy.model_dump(mode="json"),
    )
    act.create(step, "approval.step_prepared")
    seats = [
        BallotSeat(
            step=step,
            name=seat.name,
            line=seat.line,
            holder_id=seat.holder_id,
            eligible=list(seat.eligible),
            barred_reason=seat.barred_reason,
        )
        for seat in planned.seats
    ]
    act.create_many(seats, "approval.seat_frozen")
    if order == 1:
        act.update(step, "approval.step_opened", {"state": StepState.OPEN})
