"""A stop and the decisions of the same moment: none that begins after it has returned is let in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from governance.lifecycle import services as lifecycle
from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.models import Acknowledgement, Consumer, DrillReport, Order, Posting
from governance.suspensions.services import Drilled, NewConsumer
from registry.core.errors import Conflict
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.rules import Role
from registry.releases.models import Release
from tests import story
from tests.concurrency.conftest import codes, together
from tests.registry.core.receiver import receiving
from tests.world import head_office, person


def stop(kind: str = "stop", by: str = "luo", **more: Any) -> Order:
    return suspensions.order(
        actor=person(by), kind=kind, target_type="release", target_id=Release.objects.get().pk,
        reason="误拒率异常", **more,
    )  # fmt: skip


def lift(row: Order, **more: Any) -> Order:
    for username in ("chen", "gao"):
        row = suspensions.resume(
            actor=person(username), order_id=row.pk, reason="数据源故障已修复", **more
        )
    return row


def consumer(address: str = "") -> None:
    """The pipeline enforces stops."""
    told = NewConsumer("网关", person("pipeline"), head_office(), address)
    suspensions.open_consumer(actor=person("admin"), told=told)


def in_pilot() -> None:
    """The release whose approval was open is live."""
    approval = Release.objects.get().approvals.get()
    story.approve(approval)
    lifecycle.promote(actor=person("wang"), release_id=Release.objects.get().pk, to="S4")


def _waits() -> bool:
    """Whether somebody waits for the intake's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        (count,) = cursor.fetchone()
    return bool(count)


def _until_somebody_waits() -> None:
    until = time.monotonic() + 20
    while not _waits():
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)


def test_a_stop_returns_after_the_decisions_that_began_before_it(shared: str) -> None:
    release, holds, events = Release.objects.get(), threading.Event(), []

    def deciding() -> bool:
        with transaction.atomic():
            queries.hold_still()
            stopped = queries.is_stopped(release)
            holds.set()
            _until_somebody_waits()
            events.append("decided")
        return stopped

    def stopping() -> Order:
        assert holds.wait(timeout=20)
        made = stop()
        events.append("stopped")
        return made

    decided, ordered = together(deciding, stopping)
    assert decided is False
    assert isinstance(ordered, Order)
    assert events == ["decided", "stopped"]


def test_a_decision_that_begins_beside_a_stop_waits_for_it_and_sees_it(shared: str) -> None:
    release, holds = Release.objects.get(), threading.Event()

    def stopping() -> object:
        with transaction.atomic():
            made = stop("restrict", "chen")
            holds.set()
            _until_somebody_waits()
            return made

    def deciding() -> list[Order]:
        assert holds.wait(timeout=20)
        with transaction.atomic():
            queries.hold_still()
            return queries.in_force(release)

    ordered, seen = together(stopping, deciding)
    assert seen == [ordered]


def test_decisions_do_not_wait_for_each_other(shared: str) -> None:
    barrier = threading.Barrier(2)

    def deciding() -> None:
        with transaction.atomic():
            queries.hold_still()
            barrier.wait(timeout=20)

    assert codes(together(deciding, deciding)) == ["done", "done"]


def test_nobody_waits_inside_a_transaction_that_holds_still(shared: str) -> None:
    """Two of them would wait for each other for ever: both are refused, and nothing hangs."""
    barrier = threading.Barrier(2)

    def deciding_and_stopping() -> None:
        with transaction.atomic():
            queries.hold_still()
            barrier.wait(timeout=20)
            try:
                stop()
            finally:
                barrier.wait(timeout=20)

    outcomes = together(deciding_and_stopping, deciding_and_stopping)
    assert [type(one) for one in outcomes] == [RuntimeError, RuntimeError]
    assert Order.objects.count() == 0
    with transaction.atomic():  # alone there is nobody to wait for
        queries.hold_still()
        stop()
    assert Order.objects.get().state == "in_force"
    with pytest.raises(RuntimeError, match="inside a transaction"):
        queries.hold_still()


def test_of_two_stops_of_one_thing_at_once_one_stands(shared: str) -> None:
    assert codes(together(stop, stop)) == ["done", "stopped_already"]
    assert Order.objects.count() == 1


def test_a_consumer_that_says_so_twice_at_once_is_heard_once(shared: str) -> None:
    in_pilot()
    consumer()
    row = stop()

    def acknowledge() -> Acknowledgement:
        return suspensions.acknowledge(actor=person("pipeline"), order_id=row.pk, action="applied")

    assert codes(together(acknowledge, acknowledge)) == ["acknowledged_already", "done"]
    assert Acknowledgement.objects.count() == 1


def test_two_workers_post_a_message_once(shared: str, settings: Any) -> None:
    settings.PUBLIC_URL = "https://models.bank.example"
    with receiving() as receiver:
        settings.OUTBOUND_HOSTS = [receiver.origin]
        in_pilot()
        consumer(f"{receiver.origin}/hook")
        stop()
        (key,) = suspensions.claim()
        sent = together(*[lambda: suspensions.post(consumer_id=key)] * 2)
        assert sorted(sent, key=str) == [0, 1]
        assert len(receiver.got) == 1
    assert Posting.objects.get().attempts == 1


def test_two_sweeps_claim_a_message_once(shared: str, settings: Any) -> None:
    with receiving() as receiver:
        settings.OUTBOUND_HOSTS = [receiver.origin]
        in_pilot()
        consumer(f"{receiver.origin}/hook")
        stop()
        assert codes(together(suspensions.claim, suspensions.claim)) == ["done", "done"]
    assert Posting.objects.count() == 1


def test_of_two_ratifications_one_counts(shared: str) -> None:
    row = lift(stop(), is_false_alarm=True)

    def ratify() -> Order:
        return suspensions.ratify(actor=person("mi"), order_id=row.pk, resolution="MRC 2026-014")

    assert codes(together(ratify, ratify)) == ["done", "ratified_already"]


def test_of_two_reports_and_two_countersignatures_one_counts(shared: str) -> None:
    row = lift(stop(is_drill=True))
    told = Drilled("供应商接口中断,切换规则", "运维与模型风险部门")

    def report(username: str) -> Callable[[], DrillReport]:
        return lambda: suspensions.report_drill(actor=person(username), order_id=row.pk, told=told)

    assert codes(together(report("luo"), report("li"))) == ["done", "reported_already"]
    key = DrillReport.objects.get().pk

    def sign(username: str) -> Callable[[], DrillReport]:
        return lambda: suspensions.countersign_drill(actor=person(username), report_id=key)

    assert codes(together(sign("chen"), sign("qian"))) == ["countersigned_already", "done"]


def test_of_two_consumers_with_one_name_or_account_at_once_one_is_opened(shared: str) -> None:
    admin = person("admin")
    for username in ("second", "third"):
        user = people.enrol_machine(actor=admin, username=username, name=username)
        people.assign_role(actor=admin, user=user, role=Role.PIPELINE, entity=head_office())

    def opening(name: str, username: str) -> Callable[[], object]:
        told = NewConsumer(name, person(username), head_office())
        return lambda: suspensions.open_consumer(actor=person("admin"), told=told)

    entries = Entry.objects.count()
    outcomes = together(opening("网关", "pipeline"), opening("备用", "pipeline"))
    assert codes(outcomes) == ["account_taken", "done"]
    assert [one.field for one in outcomes if isinstance(one, Conflict)] == ["user"]
    outcomes = together(opening("网关三", "second"), opening("网关三", "third"))
    assert codes(outcomes) == ["done", "name_taken"]
    assert [one.field for one in outcomes if isinstance(one, Conflict)] == ["name"]
    assert (Consumer.objects.count(), Entry.objects.count()) == (2, entries + 2)
