"""Legal clocks: started by their event, never paused, warned of once, completed by a receipt."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from governance.clocks import queries, rules, services
from governance.clocks.models import Clock, ClockWarning
from registry.core import clock
from registry.core.calendars import services as calendars
from registry.core.calendars.rules import WorkingDays
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from registry.core.people.queries import system
from registry.evidence import services as evidence
from tests.refusals import refused, refused_by_database
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)  # a Monday in Shanghai
REASON = "客户数据外发，已初步核实。"


def at(**later: float) -> Any:
    return clock.at(NOON + dt.timedelta(**later))


def started(kind: str = "data_incident_formal", by: str = "data", **told: Any) -> Clock:
    with at():
        event_at = told.pop("event_at", NOON)
        about = told or {"entity": head_office()}
        return services.start(
            actor=person(by), kind=kind, event_at=event_at, reason=REASON, **about
        )


def completed(row: Clock, by: str = "data", **told: Any) -> Clock:
    given: dict[str, Any] = {"receipt": "银保监收〔2026〕88号"}
    return services.complete(actor=person(by), clock_id=row.pk, **(given | told))


def sweep(**later: float) -> int:
    with at(**later):
        return services.sweep(actor=system())


def told(kind: str) -> list[str]:
    rows = Notice.objects.filter(kind=kind).values_list("user__username", flat=True)
    return sorted(set(rows))


def test_a_clock_runs_from_its_event_and_ends_with_a_receipt() -> None:
    row = started(event_at=NOON - dt.timedelta(hours=3))
    assert (row.due_at, row.state) == (NOON + dt.timedelta(hours=21), "running")
    with at(hours=5):
        done = completed(row, completed_at=NOON + dt.timedelta(hours=4))
    assert (done.state, done.ended_by, done.was_late) == ("completed", person("data"), False)
    kinds = list(Entry.objects.filter(subject_id=row.pk).values_list("kind", flat=True))
    assert kinds == ["clock.started", "clock.completed"]


def test_late_stays_late() -> None:
    row = started()
    with at(hours=30):
        assert completed(row).was_late
    entry = Entry.objects.get(subject_id=row.pk, kind="clock.completed")
    assert '"late":true' in entry.body.replace(" ", "")


def test_it_warns_once_each_time_and_louder_towards_the_end() -> None:
    started()
    assert [sweep(hours=11), sweep(hours=12), sweep(hours=12)] == [0, 1, 0]
    assert told("clock.warning") == ["data", "qian"]
    assert sweep(hours=20) == 1
    assert told("clock.warning") == ["data", "gao", "qian", "sun"]
    assert [sweep(hours=24, seconds=1), sweep(days=30)] == [1, 0]
    assert told("clock.overdue") == ["data", "gao", "qian", "sun"]
    assert Entry.objects.filter(kind="clock.overdue").count() == 1
    assert list(ClockWarning.objects.order_by("sent_at").values_list("mark", flat=True)) == [
        "after_50", "after_80", "overdue",
    ]  # fmt: skip


def test_after_downtime_every_mark_comes_late_and_none_twice() -> None:
    started()
    assert [sweep(days=9), sweep(days=9)] == [3, 0]
    assert ClockWarning.objects.count() == 3


def test_an_ended_clock_warns_no_more_and_its_notices_are_settled() -> None:
    row = started()
    sweep(hours=12)
    with at(hours=13):
        completed(row)
        dispatch.run()
    assert sweep(days=2) == 0
    assert not Notice.objects.filter(kind="clock.warning", settled_at=None).exists()


def test_the_database_knows_no_pause_and_no_way_back() -> None:
    row = started()
    with at(hours=1):
        completed(row)
    for changes in ({"state": "running"}, {"event_at": NOON + dt.timedelta(days=9)}):
        fresh = Clock.objects.get(pk=row.pk)
        with (
            at(hours=2),
            refused_by_database("MC007" if "state" in changes else "MC005"),
            ledger.act(person("data")) as act,
        ):
            act.update(fresh, "clock.completed", changes)


@pytest.mark.parametrize(
    ("by", "changed", "kind", "code"),
    [
        ("wang", {}, Forbidden, "not_permitted"),
        ("hai", {}, Forbidden, "not_permitted"),
        ("data", {"kind": "lunch"}, DomainError, "unknown_clock"),
        ("data", {"reason": "短"}, DomainError, "text_needed"),
        ("data", {"entity": None}, DomainError, "entity_missing"),
        ("data", {"event_at": NOON + dt.timedelta(minutes=1)}, DomainError, "event_out_of_range"),
        ("data", {"event_at": NOON - dt.timedelta(days=400)}, DomainError, "event_out_of_range"),
        ("data", {"kind": "bulk_sensitive_data"}, DomainError, "event_out_of_range"),
    ],
)
def test_what_starts_no_clock(
    by: str, changed: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    given: dict[str, Any] = {
        "kind": "data_incident_first", "event_at": NOON, "reason": REASON,
        "entity": head_office(),
    }  # fmt: skip
    if changed.get("kind") == "bulk_sensitive_data":
        given["event_at"] = NOON - dt.timedelta(minutes=1)
    with at(), refused(kind, code):
        services.start(actor=person(by), **(given | changed))


def test_one_event_starts_a_clock_once() -> None:
    started()
    with refused(Conflict, "clock_runs"):
        started()


def test_a_report_beforehand_counts_back() -> None:
    with at():
        row = services.start(
            actor=person("data"), kind="bulk_sensitive_data", reason=REASON,
            event_at=NOON + dt.timedelta(days=60), entity=head_office(),
        )  # fmt: skip
    assert clock.local_day(row.due_at) == dt.date(2026, 12, 24)


@pytest.mark.parametrize(
    ("by", "changed", "kind", "code"),
    [
        ("he", {}, Forbidden, "not_yours_to_complete"),
        ("wang", {}, Forbidden, "not_permitted"),
        ("data", {"receipt": " "}, DomainError, "receipt_missing"),
        ("data", {"completed_at": NOON + dt.timedelta(days=9)}, DomainError,
         "moment_out_of_range"),
        ("data", {"completed_at": NOON - dt.timedelta(hours=1)}, DomainError,
         "moment_out_of_range"),
        ("data", {"document_id": "00000000-0000-0000-0000-000000000000"}, DomainError,
         "unknown_document"),
    ],
)  # fmt: skip
def test_what_completes_no_clock(
    by: str, changed: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    row = started()
    with at(hours=1), refused(kind, code):
        completed(row, by, **changed)


def test_the_receipt_can_be_a_document_about_the_clock() -> None:
    row = started()
    with at(hours=1):
        paper = evidence.hand_in(
            actor=person("data"), subject=row, kind="other", title="回执",
            file_name="receipt.txt", content=io.BytesIO(b"received"),
        )  # fmt: skip
        assert completed(row, document_id=paper.pk).document_id == paper.pk


def test_a_clock_in_error_is_withdrawn_by_another() -> None:
    row = started(by="qian")
    for by, kind, code in (
        ("qian", SegregationRefused, "own_clock"), ("data", Forbidden, "not_permitted"),
    ):  # fmt: skip
        with refused(kind, code):
            services.withdraw(actor=person(by), clock_id=row.pk, note="误报，事件不成立。")
    done = services.withdraw(actor=person("sun"), clock_id=row.pk, note="误报，事件不成立。")
    assert done.state == "withdrawn"
    with refused(Conflict, "illegal_transition"):
        completed(row)
    with refused_by_database("23514"), ledger.act(person("qian")) as act:
        act.update(done, "clock.withdrawn", {"ended_by": person("qian")})


def test_what_is_dated_before_its_start_needs_a_document() -> None:
    row = started(event_at=NOON - dt.timedelta(days=30))
    with at(hours=1), refused(DomainError, "document_missing"):
        completed(row, completed_at=NOON - dt.timedelta(days=29, hours=12))
    with at(hours=1):
        paper = evidence.hand_in(
            actor=person("data"), subject=row, kind="other", title="回执",
            file_name="receipt.txt", content=io.BytesIO(b"received"),
        )  # fmt: skip
        moment = NOON - dt.timedelta(days=29, hours=12)
        assert not completed(row, completed_at=moment, document_id=paper.pk).was_late


def test_what_has_run_out_stays_so_whatever_days_are_recorded() -> None:
    with at():
        row = services.start(
            actor=person("qian"), kind="op_risk_event", event_at=NOON, reason=REASON,
            entity=head_office(),
        )  # fmt: skip
    with at(days=20):
        days = calendars.arrange(
            actor=person("sun"), country="CN", year=2026, source="补登放假安排",
            days_off=[dt.date(2026, 11, 25)], worked_days=[], is_published=False,
        )  # fmt: skip
        calendars.confirm(actor=person("gao"), arrangement_id=days.pk)
        assert services.count_anew(actor=system(), country="CN") == 0
    due = row.due_at
    row.refresh_from_db()
    assert row.due_at == due


def test_hours_are_hours_where_clocks_are_put_forward() -> None:
    berlin = dt.datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))  # the night after
    found = rules.due_at(rules.Span(hours=24), berlin, WorkingDays("DE"), berlin.tzinfo or dt.UTC)
    assert found - berlin.astimezone(dt.UTC) == dt.timedelta(hours=24)


def test_ones_own_clocks_are_found_behind_many_of_others() -> None:
    with at():
        for number in range(3):
            services.start(
                actor=person("qian"), kind="op_risk_event", reason=REASON,
                event_at=NOON - dt.timedelta(days=number), entity=head_office(),
            )  # fmt: skip
        own = services.start(
            actor=person("data"), kind="data_incident_formal", event_at=NOON, reason=REASON,
            entity=head_office(),
        )  # fmt: skip
        assert queries.mine(person("data")) == [own]


def test_other_working_days_end_running_clocks_on_other_days() -> None:
    with at():
        row = services.start(
            actor=person("qian"), kind="op_risk_policy", event_at=NOON, reason=REASON,
            entity=head_office(),
        )  # fmt: skip
        done = services.start(
            actor=person("qian"), kind="op_risk_event", event_at=NOON, reason=REASON,
            entity=head_office(),
        )  # fmt: skip
        completed(done, "qian")
    due = done.due_at
    assert clock.local_day(row.due_at) == dt.date(2026, 12, 14)
    with at(hours=1):
        days = calendars.arrange(
            actor=person("sun"), country="CN", year=2026, source="临时放假通知",
            days_off=[dt.date(2026, 11, 30)], worked_days=[], is_published=False,
        )  # fmt: skip
        calendars.confirm(actor=person("gao"), arrangement_id=days.pk)
        dispatch.run()
    row.refresh_from_db()
    done.refresh_from_db()
    assert clock.local_day(row.due_at) == dt.date(2026, 12, 15)
    assert done.due_at == due
