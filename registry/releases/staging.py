"""The only writer of `stage`. Only governance.lifecycle may call it (import contract)."""

from __future__ import annotations

from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.rules import digest_of
from registry.core.ledger.services import Actor, Warrant
from registry.releases.models import STAGES, Release, Stage


def move_digest(release: Release, to: str) -> str:
    """What a warrant to move the release, as it now is, into the stage must be about."""
    return digest_of({"release": release.pk, "version": release.row_version, "to": to})


def move(*, actor: Actor, release: Release, to: str, warrant: Warrant) -> Release:
    """The release, locked by the caller, is in the stage; the warrant is spent.

    Once a release has been in validation its version stays: what was validated is what runs.

    Raises Conflict (`illegal_transition`) for a move that the table does not have, ValueError for
    a warrant that is about another move.
    """
    STAGES.check(release, to)
    if warrant.digest != move_digest(release, to):
        raise ValueError("The warrant is about another move.")
    was = release.stage
    with ledger.act(actor) as act:
        changes = {"stage": to, "stage_since": clock.now()}
        if to == Stage.S2:
            changes["version_is_fixed"] = True
        act.update(release, "release.moved", changes, was=was, to=to)
        act.spend(warrant, release)
    return release
