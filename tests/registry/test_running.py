"""What runs where, from what pipelines report; and beside what was approved."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from governance.permits.queries import covering, uncovered
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger.models import Entry
from registry.releases import queries, rules, services
from registry.releases.models import Deployment, Release
from registry.releases.rules import Report, Standing
from registry.releases.services import Deployed
from tests import story
from tests.refusals import refused
from tests.rest.calling import caller, problem
from tests.story import Story
from tests.world import person

T0 = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
A, B, C = "a" * 64, "b" * 64, "c" * 64
CASES: dict[str, tuple[list[tuple[str, str, int]], list[tuple[str, int]]]] = {
    "the last champion runs": ([(A, "champion", 100), (B, "champion", 100)], [(B, 100)]),
    "a canary stands beside": ([(A, "champion", 90), (B, "canary", 10)], [(A, 90), (B, 10)]),
    "a share is told anew": ([(B, "canary", 10), (B, "canary", 50)], [(B, 50)]),
    "what is off runs no more": ([(A, "champion", 100), (A, "off", 0)], []),
    "off brings nothing back": (
        [(A, "champion", 100), (B, "champion", 100), (B, "off", 0)], []
    ),
    "a champion ends shadows too": ([(A, "shadow", 0), (B, "champion", 100)], [(B, 100)]),
    "a shadow takes no share": ([(A, "champion", 100), (B, "shadow", 0)], [(A, 100), (B, 0)]),
}  # fmt: skip


def report(index: int, told: tuple[str, str, int], place: str = "x") -> Report[int]:
    return Report(index, (place,), told[0], told[1], told[2], T0 + dt.timedelta(hours=index))


@pytest.mark.parametrize("case", CASES)
def test_what_runs_follows_from_the_reports(case: str) -> None:
    told, expected = CASES[case]
    found = rules.running(report(index, one) for index, one in enumerate(told))
    assert [(one.digest, one.percent) for one in found] == expected


def test_places_are_apart_and_uneven_shares_are_named() -> None:
    reports = [
        report(0, (A, "champion", 100), "x"), report(1, (B, "canary", 10), "x"),
        report(2, (C, "champion", 100), "y"), report(3, (A, "shadow", 50), "y"),
    ]  # fmt: skip
    assert rules.uneven(rules.running(reports)) == {("x",): 110}


@pytest.mark.parametrize(
    ("approved", "expected"),
    [({A}, Standing.MATCH), ({B}, Standing.DRIFT), (set(), Standing.UNAPPROVED)],
)
def test_what_runs_stands_beside_what_was_approved(approved: Any, expected: Standing) -> None:
    assert rules.standing(A, approved) is expected


pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Story:
    return story.register()


def deploy(release: Release, digest: str, **more: Any) -> Deployment:
    return services.record_deployment(
        actor=person("luo"), release=release, environment="production", digest=digest, **more
    )


def test_a_report_knows_what_ran_there_before(made: Story) -> None:
    first = deploy(made.release, A, endpoint="k8s://credit")
    second = deploy(made.release, B, endpoint="k8s://credit", role="canary", traffic_percent=10)
    elsewhere = deploy(made.release, C)
    assert (first.follows, second.follows, elsewhere.follows) == (None, first, None)
    assert (second.from_digest, elsewhere.from_digest) == (A, "")
    other = deploy(made.release, C, endpoint="k8s://credit", from_digest=A)
    assert (other.follows, other.from_digest) == (second, A)  # both are kept: told and known
    running = queries.running_of_use(made.release.model_use_id)
    assert [(one.digest, one.endpoint) for one in running] == [(C, ""), (C, "k8s://credit")]


def test_an_end_is_a_report_of_its_own_and_restricts_nothing(made: Story) -> None:
    deploy(made.release, A)
    deploy(made.release, A, role="off", traffic_percent=0)
    assert queries.running_of(made.release, "production") == []  # type: ignore[arg-type]  # a choice
    kinds = Entry.objects.filter(kind__startswith="deployment.").order_by("seq")
    assert list(kinds.values_list("kind", flat=True)) == [
        "deployment.recorded", "deployment.ended",
    ]  # fmt: skip
    with refused(DomainError, "not_off"):
        deploy(made.release, A, role="off")


def test_a_reference_is_recorded_once_and_never_for_something_else(made: Story) -> None:
    told = [
        Deployed(made.release, "test", A, reference="build-1"),
        Deployed(made.release, "test", B, reference="build-2"),
    ]
    first = services.record_deployments(actor=person("luo"), told=told)
    again = services.record_deployments(actor=person("luo"), told=told)
    assert [one.pk for one in again] == [one.pk for one in first]
    assert Deployment.objects.count() == 2
    with refused(Conflict, "reference_reused"):
        services.record_deployment(
            actor=person("luo"), release=made.release, environment="test", digest=C,
            reference="build-1",
        )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"traffic_percent": 80},
        {"permit": uuid.UUID(int=7)},
        {"from_digest": C},
        {"deployed_at": T0 + dt.timedelta(hours=1)},
    ],
)
def test_a_reference_with_another_share_permit_or_moment_is_refused(
    made: Story, changed: dict[str, Any]
) -> None:
    told: dict[str, Any] = {
        "release": made.release, "environment": "test", "digest": A, "role": "canary",
        "traffic_percent": 10, "reference": "build-1", "deployed_at": T0, "from_digest": B,
    }  # fmt: skip
    first = services.record_deployment(actor=person("luo"), **told)
    assert services.record_deployment(actor=person("luo"), **told).pk == first.pk
    with refused(Conflict, "reference_reused"):
        services.record_deployment(actor=person("luo"), **(told | changed))


def test_a_pipeline_reports_many_at_once_or_none(made: Story) -> None:
    who, key = caller("luo"), str(made.release.pk)
    one = {"release": key, "environment": "test", "digest": A, "reference": "r1"}
    body = {"deployments": [one, one | {"reference": "r2", "role": "off"}]}
    found = who.post("/deployments/bulk/", body)
    assert found.status_code == 201
    assert [(row["role"], row["traffic_percent"]) for row in found.json()] == [
        ("champion", 100), ("off", 0),
    ]  # fmt: skip
    assert [row["id"] for row in who.post("/deployments/bulk/", body).json()] == [
        row["id"] for row in found.json()
    ]
    assert who.get("/deployments/", {"role": "off"}).json()["results"][0]["reference"] == "r2"
    by_code = one | {"release": made.release.code, "reference": "r4"}
    found = who.post("/deployments/", by_code)
    assert (found.status_code, found.json()["release"]) == (201, key)
    problem(who.post("/deployments/", by_code | {"release": "REL-1999-000001"}), 404, "not_found")
    problem(who.post("/deployments/", by_code | {"release": "moon"}), 400, "invalid")
    late = (clock.now() + dt.timedelta(days=1)).isoformat()
    bad = {"deployments": [one | {"reference": "r3"}, one | {"deployed_at": late}]}
    problem(who.post("/deployments/bulk/", bad), 422, "in_the_future")
    assert Deployment.objects.count() == 3


def test_a_production_deployment_without_a_permit_is_named(made: Story) -> None:
    row = deploy(made.release, A)
    deploy(made.release, B, role="off", traffic_percent=0)
    assert list(uncovered(Deployment.objects.all())) == [row]
    assert covering([row]) == {}
