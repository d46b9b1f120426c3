"""Attempts against segregation are recorded, in a transaction of their own, rate-limited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from registry.core import clock
from registry.core.errors import DomainError
from registry.core.ledger.models import Entry, Governed
from registry.core.ledger.services.acts import Actor, act

RECORDED = frozenset(
    {
        "machine_vote", "superuser_vote", "vote_late", "vote_in_conflict", "no_seat", "vote_twice",
        "stale_papers", "second_person", "interested_person", "own_condition", "own_waiver",
        "not_independent", "own_order", "own_exemption", "own_proposal",
        "own_signature", "own_plan", "own_model", "own_view", "own_competence",
        "permit_denied", "own_break_glass", "own_report",
    }
)  # fmt: skip
QUIET_SECONDS = 60


def record_refusal(*, actor: Actor, subject: Governed, refusal: DomainError) -> None:
    """The refused attempt stands in the ledger; the same one at most once a minute."""
    if refusal.code not in RECORDED:
        return
    since = clock.now() - dt.timedelta(seconds=QUIET_SECONDS)
    told = Entry.objects.filter(
        kind="attempt.refused",
        actor=actor.pk,
        subject_id=subject.pk,
        recorded_at__gte=since,
        body__contains=f'"code":"{refusal.code}"',
    )
    if told.exists():
        return
    with act(actor) as noting:
        subject.refresh_from_db()
        noting.note(subject, "attempt.refused", facts={"code": refusal.code})


@contextmanager
def refusals_recorded(actor: Actor, subject: Governed) -> Iterator[None]:
    """An attempt against segregation that is refused inside stands in the ledger.

    Doors open it around the whole transaction, so that the refusal is not rolled back with it.
    """
    try:
        yield
    except DomainError as refusal:
        record_refusal(actor=actor, subject=subject, refusal=refusal)
        raise
