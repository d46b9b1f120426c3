"""BR-07 reads the real thing: who enforces stops, and what the last drill has shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from governance.approvals.models import Approval
from governance.lifecycle import queries
from governance.lifecycle import services as lifecycle
from governance.suspensions import queries as stopping
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.core import clock
from registry.core.errors import Conflict
from registry.core.policy import queries as policy
from registry.releases.models import Release
from tests import conftest, story
from tests.governance.suspensions.test_consumers import account, later, lift, opened
from tests.governance.suspensions.test_wider import branch
from tests.refusals import refused
from tests.states import NOON
from tests.world import person

BOTH = ("applied", "fallback")


@pytest.fixture(scope="module")
def in_pilot(in_approval: str, django_db_blocker: Any) -> Iterator[str]:
    """A database in which that release is in pilot since noon, with all its papers."""

    def tell() -> None:
        approval = Approval.objects.get()
        with clock.at(NOON):
            story.approve(approval)
            lifecycle.promote(actor=person("wang"), release_id=approval.release_id, to="S4")
            story.hand_in(approval.release, *story.S4_DOCUMENTS, by="luo")

    with django_db_blocker.unblock(), conftest.told(in_approval, tell) as name:
        yield name


@pytest.fixture
def pilot(in_pilot: str, django_db_blocker: Any) -> Iterator[Release]:
    """A release of tier II in pilot; nobody enforces stops. The test is rolled back."""
    with django_db_blocker.unblock(), conftest.inside(in_pilot), clock.at(NOON):
        yield Release.objects.get()


def facts(release: Release) -> tuple[object, object]:
    """Whether a stop switch is armed, and a fallback tested, as clauses read it."""
    section = queries.section_of(policy.active_pack())
    found = queries.gather(Release.objects.get(pk=release.pk), section).readings
    return found["stop_switch_armed"], found["fallback_tested"]


def blocked(release: Release) -> list[str]:
    fresh = Release.objects.get(pk=release.pk)
    return [one.rule.id for one in queries.gate_of(fresh, "S5").blocked]


def stop(release: Release, *, is_drill: bool = True) -> Order:
    return suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="上线前停用演练", is_drill=is_drill,
    )  # fmt: skip


def whole_entity(release: Release) -> Order:
    return suspensions.order(
        actor=person("luo"), kind="stop", target_type="entity",
        target_id=release.model_use.entity_id, reason="全行停用演练", is_drill=True,
    )  # fmt: skip


def say(row: Order, *actions: str, username: str = "pipeline") -> None:
    for action in actions:
        suspensions.acknowledge(actor=account(username), order_id=row.pk, action=action)


def reported(row: Order, *, countersigned: bool = True) -> None:
    made = suspensions.report_drill(actor=person("luo"), order_id=row.pk, told=story.SHOWN)
    if countersigned:
        suspensions.countersign_drill(actor=person("chen"), report_id=made.pk)


def drilled(release: Release, *actions: str) -> Order:
    row = stop(release)
    say(row, *actions)
    lift(row)
    reported(row)
    return row


def test_a_drill_that_all_acknowledged_opens_the_gate(pilot: Release) -> None:
    assert blocked(pilot) == ["BR-07"]
    opened()
    assert (facts(pilot), blocked(pilot)) == ((True, False), ["BR-07"])
    row = drilled(pilot, *BOTH)
    assert (facts(pilot), blocked(pilot)) == ((True, True), [])
    assert stopping.drill_that_tested(pilot) == row


def test_papers_alone_lead_nowhere(pilot: Release) -> None:
    with clock.at(NOON + dt.timedelta(days=14)), refused(Conflict, "gate_closed") as caught:
        lifecycle.promote(actor=person("luo"), release_id=pilot.pk, to="S5")
    (found,) = caught.value.details["gate"]["blocked_by"]
    assert found["id"] == "BR-07"


@pytest.mark.parametrize(
    ("name", "is_open", "in_branch", "expected"),
    [
        ("where it is used", True, False, True),
        ("closed since", False, False, False),
        ("in a branch alone", True, True, False),
    ],
)
def test_a_switch_is_armed_by_an_open_consumer_where_it_is_used(
    name: str, is_open: bool, in_branch: bool, expected: bool, pilot: Release
) -> None:
    row = opened(entity=branch()) if in_branch else opened()
    if not is_open:
        suspensions.close_consumer(actor=person("admin"), consumer_id=row.pk)
    assert facts(pilot) == (expected, False)


@pytest.mark.parametrize("actions", [(), ("applied",), ("fallback",)])
def test_a_fallback_that_was_not_acknowledged_is_not_tested(
    actions: tuple[str, ...], pilot: Release
) -> None:
    opened()
    drilled(pilot, *actions)
    assert facts(pilot) == (True, False)


def test_one_of_two_who_is_silent_spoils_the_drill(pilot: Release) -> None:
    opened()
    opened("second")
    drilled(pilot, *BOTH)
    assert facts(pilot) == (True, False)


def test_what_was_acknowledged_after_the_lifting_was_no_test(pilot: Release) -> None:
    opened()
    row = stop(pilot)
    say(row, "applied")
    lift(row)
    with later(1):
        say(row, "fallback")
        reported(row)
    assert stopping.measure(row).has_fallback
    assert facts(pilot) == (True, False)


def test_a_report_without_a_countersignature_does_not_count(pilot: Release) -> None:
    opened()
    row = stop(pilot)
    say(row, *BOTH)
    assert facts(pilot) == (True, False)  # it still goes on
    lift(row)
    reported(row, countersigned=False)
    assert facts(pilot) == (True, False)


def test_a_stop_in_earnest_is_no_drill(pilot: Release) -> None:
    opened()
    row = stop(pilot, is_drill=False)
    say(row, *BOTH)
    lift(row)
    assert facts(pilot) == (True, False)


def test_a_drill_from_before_the_pilot_does_not_count(approval: Approval) -> None:
    """It reached another release; of this one nothing was live that could have been stopped."""
    story.to_production(story.register(name="另一评分卡"))
    row = whole_entity(approval.release)
    say(row, *BOTH, username=story.GATEWAY)
    lift(row)
    reported(row)
    with later(1):
        story.approve(approval)
        lifecycle.promote(actor=person("wang"), release_id=approval.release_id, to="S4")
        assert facts(approval.release) == (True, False)


def test_a_drill_of_the_whole_entity_counts_for_what_is_used_there(pilot: Release) -> None:
    opened()
    row = whole_entity(pilot)
    say(row, *BOTH)
    lift(row)
    reported(row)
    assert facts(pilot) == (True, True)


@pytest.mark.parametrize(
    ("name", "days", "expected"), [("a year", 365, True), ("more", 366, False)]
)
def test_a_drill_holds_until_the_next_is_due(
    name: str, days: int, expected: bool, pilot: Release
) -> None:
    with clock.at(NOON):
        opened()
        drilled(pilot, *BOTH)
    with clock.at(NOON + dt.timedelta(days=days)):
        assert facts(pilot) == (True, expected)
