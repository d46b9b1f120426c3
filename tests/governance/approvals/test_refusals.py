"""Attempts against segregation leave one recorded refusal, and no more than one a minute."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from governance.approvals.models import Approval
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from tests.refusals import changes, footprint
from tests.world import person

NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
ONE = {"registry_entry": (1, 0)}
CONFLICT = SegregationRefused("vote_in_conflict", "No vote on this.")


def attempt(approval: Approval, refusal: DomainError = CONFLICT, by: str = "wang") -> None:
    ledger.record_refusal(actor=person(by), subject=approval, refusal=refusal)


def test_a_refused_attempt_stands_in_the_ledger_and_changes_nothing_else(
    approval: Approval,
) -> None:
    before = footprint()
    attempt(approval)
    assert changes(before) == ONE
    entry = Entry.objects.order_by("-seq")[0]
    assert (entry.kind, entry.actor, entry.subject_id, entry.row_version) == (
        "attempt.refused",
        person("wang").pk,
        approval.pk,
        approval.row_version,
    )
    assert json.loads(entry.body)["facts"] == {"code": "vote_in_conflict"}


@pytest.mark.parametrize(
    ("name", "seconds", "entries"),
    [("within the minute", 59, 1), ("at the minute", 60, 1), ("after the minute", 61, 2)],
)
def test_the_same_attempt_is_recorded_once_a_minute(
    name: str, seconds: int, entries: int, approval: Approval
) -> None:
    before = footprint()
    for moment in (NOON, NOON + dt.timedelta(seconds=seconds)):
        with clock.at(moment):
            attempt(approval)
    assert changes(before) == {"registry_entry": (entries, 0)}


def test_another_person_and_another_reason_are_other_attempts(approval: Approval) -> None:
    before = footprint()
    attempt(approval)
    attempt(approval, by="li")
    attempt(approval, Conflict("vote_twice", "Voted already."))
    assert changes(before) == {"registry_entry": (3, 0)}


@pytest.mark.parametrize("code", ["reason_needed", "gate_closed", "step_up_needed"])
def test_ordinary_refusals_are_not_recorded(code: str, approval: Approval) -> None:
    before = footprint()
    attempt(approval, DomainError(code, "No."))
    assert changes(before) == {}
