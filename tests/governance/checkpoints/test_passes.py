"""A plan that fails keeps no other: trips, oversight and samples go on, and the run has failed."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from governance.checkpoints import services
from governance.checkpoints.models import Case, Plan, Sample
from governance.checkpoints.services import overseeing, sampling
from governance.checkpoints.services.passing import PassFailed
from governance.suspensions.models import Order
from registry.core import clock
from registry.core.errors import Conflict
from registry.core.ledger.models import Entry
from registry.core.people.queries import system
from registry.releases.models import Release
from tests import story
from tests.governance.checkpoints.test_overseeing import TRIPS
from tests.governance.checkpoints.world import PLAN, decision, planned
from tests.states import LIVE
from tests.world import person

TOMORROW = LIVE + dt.timedelta(days=1)


@pytest.fixture
def pair(live: Release, caplog: pytest.LogCaptureFixture) -> tuple[Plan, Plan]:
    """Two plans in force, in the order in which a pass comes to them."""
    other = story.to_production(story.register(name="另一评分卡"))
    plans = [planned(row, PLAN + TRIPS) for row in (live, other)]
    caplog.set_level(logging.ERROR, "governance.checkpoints.services.passing")
    first, second = sorted(plans, key=lambda one: one.pk)
    return first, second


def failing(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, broken: Plan) -> None:
    """The function raises for this plan alone; its plan is the first argument that is one."""
    whole = getattr(module, name)

    def either(*args: Any, **told: Any) -> Any:
        if broken in args:
            raise RuntimeError("cannot be read")
        return whole(*args, **told)

    monkeypatch.setattr(module, name, either)


def refuse_often(*plans: Plan) -> None:
    for plan in plans:
        told = [decision(plan.release, n, output="refuse", fields={"score": 0.1},
                         reference=f"{plan.code}-{n}") for n in range(30)]  # fmt: skip
        services.take(gateway=person("gateway"), told=told)


def told_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, bool]]:
    return [(record.getMessage(), bool(record.exc_info)) for record in caplog.records]


def test_the_second_plan_trips_though_the_first_fails(
    live_committed: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with clock.at(LIVE):
        other = story.to_production(story.register(name="另一评分卡"))
        plans = [planned(row, PLAN + TRIPS) for row in (Release.objects.exclude(pk=other.pk).get(),
                                                         other)]  # fmt: skip
        first, second = sorted(plans, key=lambda one: one.pk)
        refuse_often(first, second)
        failing(monkeypatch, overseeing, "_holds", first)
        with pytest.raises(PassFailed, match=f"^trips: {first.code}$"):
            services.trip(actor=system())
    assert Order.objects.get(kind="stop", is_drill=False).target_id == second.release_id
    assert told_of(caplog) == [(f"trips: plan {first.code} has failed", True)]


def test_the_second_plan_is_overseen_though_the_first_fails(
    pair: tuple[Plan, Plan], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = pair
    for plan in pair:
        told = [decision(plan.release, fields={"score": 0.5}, reference=plan.code)]
        services.take(gateway=person("gateway"), told=told)
    failing(monkeypatch, overseeing, "alarms_of", first)
    with clock.at(LIVE + dt.timedelta(days=2)):
        services.sweep(actor=system())
        with pytest.raises(PassFailed, match=f"^oversight: {first.code}$"):
            services.oversee(actor=system())
    entries = Entry.objects.filter(kind="plan.out_of_band")
    assert list(entries.values_list("subject_id", flat=True)) == [second.pk]
    assert told_of(caplog) == [(f"oversight: plan {first.code} has failed", True)]


def test_the_others_are_sampled_and_the_day_is_drawn_once_it_is_whole(
    pair: tuple[Plan, Plan], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = pair
    services.commit(actor=system())
    for plan in pair:
        told = [decision(plan.release, n, reference=f"{plan.code}-{n}") for n in range(20)]
        services.take(gateway=person("gateway"), told=told)
    with clock.at(TOMORROW):
        with monkeypatch.context() as patched:
            failing(patched, sampling, "_of_day", first)
            with pytest.raises(PassFailed, match=f"^samples: {first.code}$"):
                services.draw(actor=system())
        sampled = Case.objects.filter(kind="sampled")
        assert set(sampled.values_list("plan_id", flat=True)) == {second.pk}
        assert not Sample.objects.exclude(seed="").exists()  # the rest is drawn with the same
        before = set(sampled.values_list("pk", flat=True))
        (done,) = services.draw(actor=system())
    assert before < set(sampled.values_list("pk", flat=True))
    assert set(sampled.values_list("plan_id", flat=True)) == {first.pk, second.pk}
    assert done.cases == sampled.count()
    assert told_of(caplog) == [(f"samples: plan {first.code} has failed", True)]


def test_a_lost_seed_keeps_no_other_day(live: Release, settings: Any) -> None:
    secret = settings.SECRET_KEY
    settings.SECRET_KEY = "the key of that day"
    services.commit(actor=system())
    settings.SECRET_KEY = secret
    with clock.at(LIVE + dt.timedelta(days=2)):
        services.commit(actor=system())
    with clock.at(LIVE + dt.timedelta(days=3)), pytest.raises(Conflict) as seen:
        services.draw(actor=system())
    assert seen.value.code == "seed_lost"
    drawn = Sample.objects.exclude(seed="").values_list("day", flat=True)
    assert list(drawn) == [dt.date(2026, 1, 14)]


def test_a_worker_that_is_called_off_ends_the_pass(
    pair: tuple[Plan, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    def called_off(_plan: Plan) -> Any:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(overseeing, "alarms_of", called_off)
    with pytest.raises(SoftTimeLimitExceeded):
        services.oversee(actor=system())
