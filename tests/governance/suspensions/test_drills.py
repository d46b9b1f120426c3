"""Drills run through the same code, and end in a report by two people."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.models import DrillReport, Order
from governance.suspensions.services import Drilled
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from tests import story
from tests.governance.suspensions.test_consumers import acknowledge, lift, opened, stop
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.rest.calling import caller, problem
from tests.world import person

pytestmark = pytest.mark.django_db
TOLD = Drilled(
    "供应商接口中断,切换至规则引擎", "运维、模型风险、供应商", vendor_took_part=True,
    manual_capacity_hours=Decimal("4.5"), findings="电话簿过期", actions="更新值班电话簿",
)  # fmt: skip


def drilled(*, is_live: bool = False) -> Order:
    """A drill that has ended."""
    told = story.register()
    if is_live:
        story.to_production(told)
        story.disarm()
        opened()
    row = stop(told, is_drill=True)
    assert queries.is_stopped(told.release)
    if is_live:
        with clock.at(row.ordered_at + dt.timedelta(seconds=190)):
            acknowledge(row)
            return lift(row)
    return lift(row)


def report(row: Order, username: str = "luo", told: Drilled = TOLD) -> DrillReport:
    return suspensions.report_drill(actor=person(username), order_id=row.pk, told=told)


def test_a_drill_stops_in_earnest_and_its_report_says_how_long_it_took() -> None:
    row = drilled(is_live=True)
    before = footprint()
    found = report(row)
    assert changes(before) == {"governance_drillreport": (1, 1), "registry_entry": (1, 0)}
    assert (found.rto_minutes, found.written_by, found.vendor_took_part) == (4, person("luo"), True)
    done = suspensions.countersign_drill(actor=person("chen"), report_id=found.pk)
    assert done.countersigned_by == person("chen")
    with refused(Conflict, "countersigned_already"):
        suspensions.countersign_drill(actor=person("sun"), report_id=found.pk)
    with refused(Conflict, "reported_already"):
        report(row)


def test_where_nobody_acknowledged_no_time_is_claimed() -> None:
    assert report(drilled()).rto_minutes is None


def test_what_is_no_drill_or_goes_on_has_no_report() -> None:
    told = story.register()
    earnest = stop(told)
    with refused(Conflict, "no_drill"):
        report(earnest)
    lift(earnest)
    row = stop(told, is_drill=True)
    with refused(Conflict, "drill_goes_on"):
        report(row)


def test_who_writes_and_who_countersigns() -> None:
    row = drilled()
    with refused(Forbidden, "not_permitted"):
        report(row, "qian")
    with refused(DomainError, "text_needed"):
        report(row, told=Drilled("短", "运维、模型风险"))
    found = report(row, "chen")
    with refused(SegregationRefused, "own_report"):
        suspensions.countersign_drill(actor=person("chen"), report_id=found.pk)
    with refused(Forbidden, "not_permitted"):
        suspensions.countersign_drill(actor=person("luo"), report_id=found.pk)


def test_whoever_ordered_the_drill_does_not_countersign() -> None:
    told = story.register()
    row = suspensions.order(
        actor=person("chen"), kind="stop", target_type="model",
        target_id=told.release.model_use.model_id, reason="年度演练", is_drill=True,
    )  # fmt: skip
    for username in ("gao", "sun"):
        suspensions.resume(actor=person(username), order_id=row.pk, reason="演练结束，切换正常。")
    found = report(row)
    with refused(SegregationRefused, "own_report"):
        suspensions.countersign_drill(actor=person("chen"), report_id=found.pk)


def test_the_database_refuses_an_own_countersignature_and_another_text() -> None:
    found = report(drilled(), "chen")
    with refused_by_database("23514"), ledger.act(person("chen")) as act:
        told = {"countersigned_by": person("chen"), "countersigned_at": clock.now()}
        act.update(found, "drill.countersigned", told)
    found = DrillReport.objects.get()
    with refused_by_database("MC005"), ledger.act(person("chen")) as act:
        act.update(found, "drill.corrected", {"findings": "无"})


def test_the_doors() -> None:
    row = drilled()
    body = {"order": str(row.pk), "scenario": TOLD.scenario, "participants": TOLD.participants}
    made = caller("luo").post("/drill-reports/", body)
    assert made.status_code == 201
    problem(caller("luo").post("/drill-reports/", body), 409, "reported_already")
    path = f"/drill-reports/{made.json()['id']}/countersignatures/"
    assert caller("chen").post(path).status_code == 201
    (listed,) = caller("shen").get("/drill-reports/").json()["results"]
    assert listed["started_at"] < listed["ended_at"]
    assert listed["countersigned_by"] == str(person("chen").pk)


def test_a_drill_does_not_stand_in_the_way_of_a_stop_in_earnest() -> None:
    told = story.register()
    drill = stop(told, is_drill=True)
    with refused(Conflict, "stopped_already"):
        stop(told, is_drill=True)
    earnest = stop(told)
    with refused(Conflict, "stopped_already"):
        stop(told, is_drill=True)
    lift(drill)
    assert queries.in_force(told.release) == [earnest]
