"""The only writer of `stage`. Only governance.lifecycle may call it (import contract)."""

from __future__ import annotations

from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Actor, Warrant
from registry.releases.models import STAGES, Release


def move(*, actor: Actor, release: Release, to: str, warrant: Warrant) -> Release:
    """The release, locked by the caller, is in the stage; the warrant is spent.

    Raises Conflict (`illegal_transition`) for a move that the table does not have.
    """
    STAGES.check(release.stage, to)
    was = release.stage
    with ledger.act(actor) as act:
        changes = {"stage": to, "stage_since": clock.now()}
        act.update(release, "release.moved", changes, was=was, to=to)
        act.spend(warrant, release)
    return release
