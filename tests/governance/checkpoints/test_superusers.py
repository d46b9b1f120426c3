"""Whoever administers the server signs nothing, whatever else they are."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.checkpoints import services
from registry.core.errors import SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.releases.models import Release
from tests.governance.checkpoints.test_deciding import decide, held
from tests.governance.checkpoints.world import PLAN, decision
from tests.refusals import refused
from tests.world import person


@pytest.fixture
def both(live: Release) -> User:
    """Somebody of model risk who is a technical administrator as well."""
    with ledger.act(person("admin")) as act:
        return act.update(person("chen"), "user.changed", {"is_superuser": True})


def test_no_plan_is_put_in_force(live: Release, both: User) -> None:
    row = services.draft(actor=person("wang"), release_id=live.pk, content=PLAN)
    services.test(actor=person("gateway"), plan_id=row.pk, samples=[decision(live)])
    with refused(SegregationRefused, "own_plan"):
        services.activate(actor=both, plan_id=row.pk)


def test_no_case_is_planted(live: Release, both: User) -> None:
    case = decide(held(live), "fu", "override")
    with refused(SegregationRefused, "own_model"):
        services.plant(actor=both, case_id=case.pk)


def test_no_competence_is_recorded(live: Release, both: User) -> None:
    with refused(SegregationRefused, "own_competence"):
        services.record_competence(
            actor=both, user=person("fan"), key="credit_review", daily_limit=10, proof="x",
            valid_to=dt.date(2027, 1, 1),
        )  # fmt: skip
