"""Breaches open, grow graver, recover and come back; what follows by itself; who closes them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import translation

from governance.findings.models import Finding
from governance.monitoring import queries, services
from governance.monitoring.models import Breach, Reading
from governance.monitoring.queries import Status
from governance.monitoring.services import NewLimits
from governance.reviews.models import Review
from governance.suspensions import queries as stopping
from governance.suspensions import services as suspending
from governance.suspensions.models import Order
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from registry.core.people import services as people
from registry.core.people.rules import Role
from registry.releases.models import Release
from tests import states
from tests.governance.monitoring.telling import DAY, report, tell, told
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.world import head_office, person


def kinds() -> list[str]:
    """What happened to breaches, in order."""
    rows = Entry.objects.filter(kind__startswith="breach.").order_by("seq")
    return list(rows.values_list("kind", flat=True))


def status(live: Release) -> Status:
    return queries.status_of([live])[live.pk]


def test_a_warning_opens_a_breach_that_is_due_in_two_working_days(live: Release) -> None:
    assert status(live) is Status.WAITING
    (row,) = tell(live, 0.15).breaches
    assert (row.level, row.kind, row.value, row.state) == ("warn", "limit", 0.15, "open")
    assert row.due_at == dt.datetime(2026, 1, 14, 10, tzinfo=dt.UTC)  # Wednesday, 18:00
    assert status(live) is Status.AMBER
    dispatch.run()
    rows = Notice.objects.filter(kind="breach.opened").values_list("user__username", flat=True)
    assert set(rows) == {"wang", "chen"}
    assert not Finding.objects.filter(title__startswith="RI-06").exists()


def test_action_is_due_in_four_hours_and_brings_finding_and_review(live: Release) -> None:
    (row,) = tell(live, 0.3).breaches
    assert (row.level, row.due_at) == ("act", states.LIVE + dt.timedelta(hours=4))
    assert status(live) is Status.RED
    dispatch.run()
    found = Finding.objects.get(title__startswith="RI-06")
    assert (found.severity, found.release) == ("high", live)
    with translation.override("en"):
        assert found.title_shown == "RI-06: psi · Population stability index (PSI)"
    assert "Population" not in found.title_shown
    called = Review.objects.filter(trigger="breach").values_list("kind", flat=True)
    assert list(called) == ["PR-02"]
    report(told(live, "psi", 0.31, at=clock.now() + dt.timedelta(minutes=2)))
    dispatch.run()
    assert Finding.objects.filter(title__startswith="RI-06").count() == 1


def test_many_segments_are_one_finding(live: Release) -> None:
    rows = [told(live, "feature_psi", 0.5, segment=name) for name in ("age", "income", "tenure")]
    assert len(report(*rows).breaches) == 3
    dispatch.run()
    assert Finding.objects.filter(title__startswith="RI-06").count() == 1
    assert Notice.objects.filter(kind="breach.opened", user__username="wang").count() == 1


def test_a_breach_grows_recovers_and_comes_back(live: Release) -> None:
    tell(live, 0.15)
    for minutes, value in ((1, 0.3), (2, 0.05), (3, 0.04), (4, 0.12), (5, 0.2)):
        with clock.at(states.LIVE + dt.timedelta(minutes=minutes)):
            report(told(live, "psi", value))
    assert kinds() == [
        "breach.opened", "breach.escalated", "breach.recovered", "breach.came_back",
    ]  # fmt: skip
    row = Breach.objects.get()
    assert (row.level, row.recovered_at) == ("act", None)


def test_what_must_hold_a_while_opens_nothing_before(live: Release) -> None:
    metric = begun(live)
    told_limits = NewLimits(
        "ceiling", "告警前需连续三次", warn_high=0.1, act_high=0.25, consecutive=3,
        effects=("finding",),
    )  # fmt: skip
    services.set_limits(actor=person("sun"), metric_id=metric, told=told_limits)
    assert tell(live, 0.3, 0.3).breaches == []
    with clock.at(states.LIVE + DAY):
        (row,) = report(told(live, "psi", 0.15)).breaches
    assert row.level == "warn"


def begun(live: Release, key: str = "psi") -> uuid.UUID:
    """The metric's key, begun if it was not yet."""
    row = live.metrics.filter(key=key).first()
    if row is None:
        tell(live, 0.01, metric=key)
        row = live.metrics.get(key=key)
    return row.pk


def limits(**told_: Any) -> NewLimits:
    return NewLimits("ceiling", "试点期间自动处置", warn_high=0.1, act_high=0.25, **told_)


@pytest.mark.parametrize("effect", ["restrict", "stop"])
def test_a_breach_restricts_or_trips_where_the_second_line_said_so(
    live: Release, effect: str
) -> None:
    services.set_limits(
        actor=person("sun"), metric_id=begun(live), told=limits(effects=("finding", effect))
    )
    tell(live, 0.3)
    dispatch.run()
    order = Order.objects.get(reason__startswith="RI-0")
    assert (order.kind, order.ordered_by.kind) == (effect, "system")
    assert stopping.is_stopped(live) is (effect == "stop")
    with clock.at(states.LIVE + dt.timedelta(minutes=1)):
        report(told(live, "psi", 0.9))
        dispatch.run()
    assert Order.objects.filter(reason__startswith="RI-0").count() == 1


def test_what_may_not_be_interrupted_is_not_restricted(live: Release) -> None:
    services.set_limits(
        actor=person("sun"), metric_id=begun(live), told=limits(effects=("finding", "restrict"))
    )
    with ledger.act(person("sun")) as act:
        act.update(live.model_use, "use.changed", {"is_uninterruptible": True})
    tell(live, 0.3)
    dispatch.run()
    assert not Order.objects.filter(reason__startswith="RI-0").exists()


@pytest.mark.parametrize(
    "rows",
    [
        [(-60, 0.9), (0, 0.01)],
        [(0, 0.9), (4, 0.01)],
        [(-30, 0.9), (-20, 0.9), (-10, 0.9), (0, 0.15)],
    ],
)
def test_no_order_of_values_hides_one(live: Release, rows: list[tuple[int, float]]) -> None:
    minute = dt.timedelta(minutes=1)
    report(*(told(live, "psi", value, at=states.LIVE + ago * minute) for ago, value in rows))
    row = Breach.objects.get()
    assert (row.level, row.value, row.effects) == ("act", 0.9, ["finding"])
    assert (row.recovered_at is None) is (rows[-1][1] > 0.1)
    dispatch.run()
    assert Finding.objects.filter(title__startswith="RI-06").count() == 1


def test_a_late_or_corrected_value_counts_as_if_told_alone(live: Release) -> None:
    report(told(live, "psi", 0.01, at=clock.now() + dt.timedelta(minutes=4)))
    assert [row.level for row in report(told(live, "psi", 5.0)).breaches] == ["act"]
    report(told(live, "feature_psi", 0.01, at=clock.now() - DAY), told(live, "feature_psi", 0.01))
    again = told(live, "feature_psi", 0.9, at=clock.now() - DAY, correction="口径错误")
    assert [row.level for row in report(again).breaches] == ["act"]


def test_what_lies_long_ago_stops_nothing_by_itself(live: Release) -> None:
    services.set_limits(
        actor=person("sun"), metric_id=begun(live), told=limits(effects=("finding", "stop"))
    )
    (row,) = report(told(live, "psi", 0.9, at=clock.now() - 30 * DAY)).breaches
    assert row.effects == ["finding"]


def test_it_stops_again_after_a_resumption(live: Release) -> None:
    services.set_limits(
        actor=person("sun"), metric_id=begun(live), told=limits(effects=("finding", "stop"))
    )
    tell(live, 0.3)
    dispatch.run()
    order = Order.objects.get(reason__startswith="RI-09")
    minute = dt.timedelta(minutes=1)
    with clock.at(states.LIVE + minute):
        report(told(live, "psi", 0.01))
        for username in ("chen", "gao"):
            suspending.resume(actor=person(username), order_id=order.pk, reason="已复核，可以恢复")
    assert not stopping.is_stopped(live)
    with clock.at(states.LIVE + 2 * minute):
        report(told(live, "psi", 0.9))
        dispatch.run()
    assert stopping.is_stopped(live)


def test_limits_that_are_tightened_reach_an_open_breach(live: Release) -> None:
    tell(live, 0.3)
    services.set_limits(
        actor=person("sun"), metric_id=begun(live), told=limits(effects=("finding", "stop"))
    )
    with clock.at(states.LIVE + dt.timedelta(minutes=1)):
        report(told(live, "psi", 0.9))
        dispatch.run()
    assert stopping.is_stopped(live)


def test_of_many_that_break_at_once_all_come_to_people(live: Release) -> None:
    rows = [told(live, "feature_psi", 0.5, segment=f"f{number:03}") for number in range(230)]
    found = report(*rows)
    assert (found.taken, len(found.breaches)) == (230, 200)
    services.listen(actor=person("admin"))
    assert Breach.objects.filter(metric__key="feature_psi").count() == 230
    assert services.listen(actor=person("admin")) == []
    dispatch.run()
    assert Notice.objects.filter(kind="breach.opened", user__username="chen").count() == 1


# Silence


def test_what_was_expected_and_did_not_come_is_a_breach_until_it_comes(live: Release) -> None:
    due = Reading.objects.get(metric__key="psi").due_at
    assert due is not None
    with clock.at(due - dt.timedelta(minutes=1)):
        assert services.listen(actor=person("admin")) == []
    with clock.at(due + dt.timedelta(minutes=1)):
        keys = [row.metric.key for row in services.listen(actor=person("admin"))]
        assert keys == ["psi"]
        assert services.listen(actor=person("admin")) == []
        assert status(live) is Status.AMBER
        dispatch.run()
        report(told(live, "psi", 0.02))
    row = Breach.objects.get(kind="silent")
    assert (row.state, row.outcome, row.closed_by) == ("closed", "by_itself", None)
    assert status(live) is Status.GREEN
    assert not Notice.objects.filter(kind="breach.opened", settled_at=None).exists()


def test_an_old_value_ends_no_silence_and_nobody_calls_it_a_false_alarm(live: Release) -> None:
    with clock.at(states.LIVE + dt.timedelta(days=11)):
        (row,) = services.listen(actor=person("admin"))
        report(told(live, "psi", 0.01, at=states.LIVE - dt.timedelta(days=2_000)))
        assert Breach.objects.get(pk=row.pk).state == "open"
        with refused(Conflict, "still_silent"):
            close(row, "wang")
        assert services.listen(actor=person("admin")) == []


def test_who_lets_the_time_pass_is_told_on(live: Release) -> None:
    tell(live, 0.3)
    with clock.at(states.LIVE + dt.timedelta(hours=5)):
        assert (services.tell_late(), services.tell_late()) == (1, 0)
        dispatch.run()
    assert Notice.objects.get(kind="breach.late").user == person("sun")


# People


def opened(live: Release, value: float) -> Breach:
    (row,) = tell(live, value).breaches
    return row


def close(row: Breach, by: str, outcome: str = "false_alarm", **more: Any) -> Breach:
    return services.close(
        actor=person(by), breach_id=row.pk, outcome=outcome, note="已经查明并处理", **more
    )


def test_the_owner_takes_up_and_closes_a_warning(live: Release) -> None:
    row, before = opened(live, 0.15), footprint()
    services.take_up(actor=person("wang"), breach_id=row.pk, plan="与数据团队核对样本")
    assert changes(before) == {"governance_breach": (0, 1), "registry_entry": (1, 0)}
    with refused(Conflict, "not_recovered"):
        close(row, "wang", "mended")
    with clock.at(states.LIVE + dt.timedelta(minutes=1)):
        report(told(live, "psi", 0.02))
        closed = close(row, "wang", "mended")
    assert (closed.state, closed.closed_by) == ("closed", person("wang"))
    assert status(live) is Status.GREEN
    with clock.at(states.LIVE + dt.timedelta(minutes=2)):
        assert len(report(told(live, "psi", 0.2)).breaches) == 1  # a new one


def test_what_called_for_action_is_closed_by_the_second_line(live: Release) -> None:
    row = opened(live, 0.3)
    with refused(Forbidden, "second_line_closes"):
        close(row, "wang")
    with refused(Forbidden, "not_permitted"):
        close(row, "shen")
    assert close(row, "chen").state == "closed"


def test_the_database_lets_no_owner_close_it_either(live: Release) -> None:
    row = opened(live, 0.3)
    changes_ = {"state": "closed", "outcome": "tuned", "closed_by": person("wang"),
                "closed_at": clock.now()}  # fmt: skip
    with refused_by_database("MC028"), ledger.act(person("wang")) as act:
        act.update(row, "breach.closed", changes_)
    with refused_by_database("MC028"), ledger.act(person("wang")) as act:
        act.update(Breach.objects.get(pk=row.pk), "breach.closed", {"level": "warn"})


def test_what_is_accepted_ends_and_opens_nothing_meanwhile(live: Release) -> None:
    row = opened(live, 0.15)
    today = clock.today()
    with refused(Forbidden, "second_line_closes"):
        close(row, "wang", "accepted", accepted_until=today + DAY)
    for until in (None, today, today + dt.timedelta(days=91)):
        with refused(DomainError, "accepted_until"):
            close(row, "chen", "accepted", accepted_until=until)
    close(row, "chen", "accepted", accepted_until=today + dt.timedelta(days=30))
    with clock.at(states.LIVE + DAY):
        assert report(told(live, "psi", 0.16)).breaches == []
    with clock.at(states.LIVE + 2 * DAY):
        assert [one.level for one in report(told(live, "psi", 0.5)).breaches] == ["act"]
    with clock.at(states.LIVE + 40 * DAY):
        assert report(told(live, "psi", 0.5)).breaches == []  # the open one goes on


def test_a_breach_is_closed_once_with_words(live: Release) -> None:
    row = opened(live, 0.15)
    with refused(DomainError, "text_needed"):
        services.close(actor=person("wang"), breach_id=row.pk, outcome="tuned", note="ok")
    with refused(DomainError, "unknown_outcome"):
        close(row, "wang", "by_itself")
    close(row, "wang")
    with refused(Conflict, "illegal_transition"):
        close(row, "wang")
    with refused(Conflict, "illegal_transition"):
        services.take_up(actor=person("wang"), breach_id=row.pk, plan="再看一次数据")


def test_an_interested_second_line_does_not_close(live: Release) -> None:
    """Whoever validated the model holds a second-line role, and is barred all the same."""
    people.assign_role(
        actor=person("admin"), user=person("wang"), role=Role.MODEL_RISK, entity=head_office(),
        valid_from=clock.today(),
    )  # fmt: skip
    row = opened(live, 0.3)
    with refused(SegregationRefused, "interested_person"):
        close(row, "wang")
