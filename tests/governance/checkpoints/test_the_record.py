"""What the application's database role could write past the services is noticed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from governance.checkpoints import services
from governance.checkpoints.models import Decision
from governance.checkpoints.queries import decisions
from governance.checkpoints.schema import parse_plan
from registry.core.people.queries import system
from registry.core.policy.rules import PolicyError
from registry.releases.models import Release
from tests.governance.checkpoints.world import PLAN, decision, planned
from tests.refusals import execute, refused_by_database
from tests.world import person

INSERT = "INSERT INTO governance_decision SELECT "  # noqa: S608 (own tables)


@pytest.fixture
def sealed(live: Release) -> Release:
    """One decision under a seal."""
    services.take(gateway=person("gateway"), told=[decision(live)])
    services.seal(actor=system())
    assert decisions.unsound_seals(10) == []
    return live


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ("received_at, batch_id, 7, release_id", "is not what its root covers"),
        ("received_at + interval '1 s', batch_id, position, release_id", "lies in no batch"),
        ("received_at, batch_id + 100, position, release_id", "lies in no batch"),
        ("received_at, batch_id + 1, position, gen_random_uuid()", "differs from its text"),
    ],
)
def test_a_decision_behind_the_sealers_back(sealed: Release, columns: str, fault: str) -> None:
    execute(f"{INSERT}{columns}, plan_id, answer, fired, body FROM governance_decision")
    assert fault in " ".join(told for told, _many in decisions.unsound_seals(10))


def test_a_batch_with_a_number_of_its_own_shuts_nothing_out(sealed: Release) -> None:
    execute(
        "INSERT INTO governance_batch (id, gateway_id, received_at, size, root) SELECT"
        " 4000000000000000, gateway_id, received_at, 1, root FROM governance_batch"
    )
    assert services.seal(actor=system()) == []
    services.take(gateway=person("gateway"), told=[decision(sealed, 2)])
    (seal,) = services.seal(actor=system())
    assert (seal.batches, seal.decisions) == (1, 1)
    assert decisions.unsound_seals(10) == [
        ("decisions: batch 4000000000000000 has a number that was not given out", 1)
    ]


def test_a_reference_that_leads_nowhere(sealed: Release) -> None:
    execute(
        "INSERT INTO governance_decisionkey SELECT gateway_id, 'APP-X', digest, batch_id + 1,"
        " position, received_at FROM governance_decisionkey"
    )
    assert decisions.unsound_seals(10) == [("decisions: reference APP-X leads to no decision", 1)]


@pytest.mark.parametrize(("body", "state"), [("x", "22P02"), ("[]", "23514"), ("{}", "23514")])
def test_what_nobody_could_read_is_no_decision(sealed: Release, body: str, state: str) -> None:
    with refused_by_database(state):
        columns = "received_at, batch_id, 7, release_id, plan_id, answer, fired"
        execute(f"{INSERT}{columns}, %s FROM governance_decision", body)


@pytest.mark.parametrize("since", ["'4000-01-01'", "'infinity'", "'1900-01-01'", "NULL"])
def test_months_in_which_no_decisions_come_have_no_partition(live: Release, since: str) -> None:
    with refused_by_database("22008"):
        execute(f"SELECT mingce_make_partitions({since}, 24)")


def test_a_repeat_under_another_plan_is_still_one(live: Release) -> None:
    one = decision(live, fields={"purpose": "装修"})
    services.take(gateway=person("gateway"), told=[one])
    planned(live, PLAN.replace("checkpoints:", "  - {name: purpose, type: text}\ncheckpoints:"))
    (again,) = services.take(gateway=person("gateway"), told=[one])
    assert again.is_repeated
    assert Decision.objects.count() == 1


def test_checkpoints_that_no_decision_could_name_together_are_no_plan() -> None:
    point = PLAN.split("checkpoints:\n")[1].split("  - key: refusal")[0]
    many = "".join(point.replace("grey_zone", "k" * 38 + f"{n:02}") for n in range(10))
    head = PLAN.split("  - key: grey_zone")[0]
    with pytest.raises(PolicyError, match="longer than 400"):
        parse_plan(head + many)


@pytest.mark.parametrize(
    ("output", "counted"),
    [("拒绝", "拒绝"), (True, "true"), (0.5, "0.5"), (None, None), (10**3_000, "1" + "0" * 199)],
    ids=["text", "yes", "number", "none", "long"],
)
def test_the_database_keeps_the_output_to_be_counted(
    live: Release, output: Any, counted: str | None
) -> None:
    services.take(gateway=person("gateway"), told=[decision(live, output=output)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT output FROM governance_decision")
        assert cursor.fetchall() == [(counted,)]
