"""Clocks of a release in production: what starts them, what follows, who sees them."""

from __future__ import annotations

import datetime as dt

from governance.clocks import queries, services
from governance.clocks.models import Clock
from governance.findings.models import Finding
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.queries import system
from registry.core.people.rules import Role
from registry.releases.models import Release
from tests.governance.reviews.doing import also
from tests.refusals import refused
from tests.world import head_office, person

REASON = "客户数据外发，已初步核实。"


def filed(release: Release) -> Release:
    """The use's flags say that the algorithm is to be filed."""
    use = release.model_use
    with ledger.act(person("chen")) as act:
        act.update(use, "use.grade_shown", {"flags": use.flags | {"algorithm_filing": "yes"}})
    return release


def test_going_live_starts_the_filing_and_retirement_its_cancellation(live: Release) -> None:
    found = {row.kind: row for row in Clock.objects.filter(release=live)}
    assert "algorithm_filing" not in found  # this use is not to be filed
    use = filed(live).model_use
    services.start_by_event(
        actor=system(), event="service_started", release=live, event_at=live.stage_since,
        reason="REL → S5",
    )  # fmt: skip
    row = Clock.objects.get(release=live, kind="algorithm_filing")
    assert clock.local_day(row.due_at) == dt.date(2026, 1, 26)
    again = services.start_by_event(
        actor=system(), event="service_started", release=live, event_at=live.stage_since,
        reason="REL → S5",
    )  # fmt: skip
    assert again == []
    assert use.flags["algorithm_filing"] == "yes"


def test_a_passed_limit_is_a_finding_about_the_release(live: Release) -> None:
    services.start(
        actor=person("data"), kind="data_incident_first", event_at=clock.now(), reason=REASON,
        release=live,
    )  # fmt: skip
    with clock.at(clock.now() + dt.timedelta(hours=3)):
        services.sweep(actor=system())
        dispatch.run()
        dispatch.run()
    assert Finding.objects.filter(release=live, title__contains="data_incident_first").count() == 1


def test_the_rmcs_resolution_starts_the_report_to_the_regulator(live: Release) -> None:
    row = Clock.objects.get(release=live, kind="high_risk_report")
    assert (row.started_by, row.event_at.date()) == (system(), dt.date(2026, 1, 12))
    assert clock.local_day(row.due_at) == dt.date(2026, 1, 26)


def test_a_branch_sees_its_own_clocks_and_a_confidential_model_s_are_hidden(live: Release) -> None:
    of_house = services.start(
        actor=person("data"), kind="data_incident_first", event_at=clock.now(), reason=REASON,
        entity=head_office(),
    )  # fmt: skip
    of_model = services.start(
        actor=person("data"), kind="data_incident_first", event_at=clock.now(), reason=REASON,
        release=live,
    )  # fmt: skip
    seen = {one: set(queries.visible_to(person(one))) for one in ("data", "wang", "hai", "shen")}
    assert {of_house, of_model} <= seen["data"]
    assert {of_house, of_model} <= seen["shen"]
    assert of_model in seen["wang"]
    assert seen["hai"].isdisjoint({of_house, of_model})
    mine = {row.pk for row in queries.mine(person("data"))}
    assert {of_house.pk, of_model.pk} <= mine
    assert queries.mine(person("chen")) == []


def test_neither_the_owner_nor_a_superuser_withdraws_a_releases_clock(live: Release) -> None:
    row = Clock.objects.get(release=live, kind="high_risk_report")
    also("wang", Role.COMPLIANCE)
    with refused(SegregationRefused, "interested_person"):
        services.withdraw(actor=person("wang"), clock_id=row.pk, note="误启动，应撤回。")
    technical = person("sun")
    technical.is_superuser = True
    with refused(SegregationRefused, "own_clock"):
        services.withdraw(actor=technical, clock_id=row.pk, note="误启动，应撤回。")
    assert (
        services.withdraw(actor=person("qian"), clock_id=row.pk, note="误启动，应撤回。").state
        == "withdrawn"
    )


def test_a_limit_that_passes_twice_is_one_finding(live: Release) -> None:
    row = Clock.objects.get(release=live, kind="high_risk_report")
    with ledger.act(system()) as act:
        for number in (1, 2):
            act.note(row, "clock.overdue", facts={"due_at": f"2026-01-2{number}"})
    dispatch.run()
    assert Finding.objects.filter(title__startswith=row.code).count() == 1
