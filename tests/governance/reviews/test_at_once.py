"""Reviews under two threads: sweeps, plans and signatures that meet, with real commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery

from governance.reviews import services
from governance.reviews.models import Package, Reminder, Review
from registry.core.ledger import services as ledger
from registry.core.notices.models import Notice
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.concurrency.conftest import codes, together
from tests.governance.reviews.doing import on, report, sweep, waiting
from tests.world import person


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is woken: these tests commit, and the broker is not theirs."""
    monkeypatch.setattr(Celery, "send_task", lambda *args, **kwargs: None)


def on_day(day: str, verb: Callable[[], Any]) -> Callable[[], Any]:
    """The verb, on that day: a thread has a clock of its own."""

    def run() -> Any:
        with on(day):
            return verb()

    return run


def sound() -> None:
    assert [fault for fault in ledger.verify().faults if "anchor" not in fault] == []


def test_two_sweeps_at_once_take_each_rung_once(live_committed: str) -> None:
    """Two beats: what one has locked the other passes over, and finds taken the next time."""
    outcomes = together(*(on_day("2026-04-13", sweep) for _ in range(2)))
    with on("2026-04-13"):
        left = sweep()
    taken = sum(int(str(one)) for one in outcomes) + left
    assert taken == Reminder.objects.count() == 5
    assert Notice.objects.filter(kind="review.overdue").count() == 5
    sound()


def test_a_sweep_and_the_last_signature_leave_no_half_rung(live_committed: str) -> None:
    release = Release.objects.get()
    with on("2026-04-12"):
        for kind, by in (("PR-15", "wang"), ("PR-02", "wang")):
            row = waiting(release, kind)
            services.submit(actor=person(by), review_id=row.pk, report=report(row))
        services.sign_off(actor=person("chen"), review_id=waiting(release, "PR-15").pk)
        last = waiting(release, "PR-02").pk
    sign = on_day("2026-04-13", lambda: services.sign_off(actor=person("chen"), review_id=last))
    together(on_day("2026-04-13", sweep), sign)
    package = Package.objects.get(due_on="2026-04-12")
    assert package.state == "closed"
    reminded = Reminder.objects.filter(package=package, rung="overdue").count()
    told = Notice.objects.filter(kind="review.overdue", link=f"/reviews/{package.pk}/").count()
    assert (reminded, told) in ((0, 0), (1, 5))
    sound()


def test_of_two_signatures_one_counts(live_committed: str) -> None:
    release = Release.objects.get()
    with on("2026-04-01"):
        row = waiting(release, "PR-02")
        services.submit(actor=person("wang"), review_id=row.pk, report=report(row))

    def sign(by: str) -> Callable[[], Any]:
        return on_day("2026-04-01", lambda: services.sign_off(actor=person(by), review_id=row.pk))

    assert codes(together(sign("chen"), sign("sun"))) == ["done", "illegal_transition"]
    assert Review.objects.filter(release=release, kind="PR-02", state="planned").count() == 1
    sound()


def test_a_plan_and_a_call_leave_one_review_of_the_kind(live_committed: str) -> None:
    release = Release.objects.get()
    plan = on_day(
        "2026-02-01", lambda: services.plan_release(actor=system(), release_id=release.pk)
    )
    call = on_day(
        "2026-02-01",
        lambda: services.call_for(
            actor=person("chen"), release_id=release.pk, kind="PR-03", trigger="complaint",
            reason="客户投诉解释难以理解。",
        ),
    )  # fmt: skip
    assert codes(together(plan, call)) == ["done", "done"]
    row = waiting(release, "PR-03")
    assert (row.trigger, row.package.due_on) == ("complaint", dt.date(2026, 3, 3))
    sound()


def test_two_plans_of_the_institution_make_one(live_committed: str) -> None:
    plan = on_day("2026-02-01", lambda: services.plan_institution(actor=system()))
    assert codes(together(plan, plan)) == ["done", "done"]
    assert Review.objects.filter(release=None).count() == 3
    sound()


def test_two_deferrals_at_once_count_once(live_committed: str) -> None:
    package = Package.objects.get(due_on="2026-04-12")

    def defer(by: str) -> Callable[[], Any]:
        return on_day(
            "2026-04-10",
            lambda: services.defer(
                actor=person(by), package_id=package.pk, until=dt.date(2026, 5, 1),
                reason="数据迁移期间,监测由人工复核。",
            ),
        )  # fmt: skip

    assert codes(together(defer("gao"), defer("sun"))) == ["deferred_already", "done"]
    sound()
