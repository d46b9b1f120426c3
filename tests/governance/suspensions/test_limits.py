"""The three times of a stop, against the limits of the day on which it was given."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as project
from django.core.management import CommandError

from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from governance.suspensions.queries import consuming
from governance.suspensions.schema import NOTHING
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from tests import story
from tests.governance.desk.test_what_is_shown import browser, page
from tests.governance.suspensions.test_consumers import (
    acknowledge,
    later,
    lift,
    opened,
    stop,
)
from tests.governance.suspensions.test_drills import report
from tests.governance.suspensions.test_stop_command import run
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.rest.calling import caller, problem
from tests.world import person

pytestmark = pytest.mark.django_db
KEPT = ("tier", "decision_minutes", "effective_minutes", "fallback_minutes")


def kept(row: Order) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in KEPT)


def ago(minutes: float) -> dt.datetime:
    return clock.now() - dt.timedelta(minutes=minutes)


def test_an_order_keeps_the_limits_of_its_day(
    live: story.Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()
    row = stop(live)
    assert kept(Order.objects.get(pk=row.pk)) == ("II", 60, 15, 60)
    monkeypatch.setattr(consuming, "active_section", lambda: NOTHING)
    found = queries.measure(Order.objects.get(pk=row.pk))
    assert (found.tier, found.due_at) == ("II", row.ordered_at + dt.timedelta(minutes=15))
    lift(row)
    assert kept(stop(live)) == ("II", None, None, None)


def test_a_stop_waits_for_no_policy(live: story.Story, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> PackRelease:
        raise Conflict("no_policy", "No policy pack is in force.")

    monkeypatch.setattr(policy, "active_pack", none)
    row = stop(live)
    assert kept(row) == ("II", None, None, None)
    assert queries.is_stopped(live.release)


def test_an_order_from_before_is_read_by_todays_limits(live: story.Story) -> None:
    opened()
    row = stop(live)
    for name in KEPT:
        setattr(row, name, None)
    found = queries.measure(row)
    assert (found.tier, found.effective.limit_minutes) == ("II", 15)


def test_a_restriction_has_no_limits(live: story.Story) -> None:
    row = suspensions.order(
        actor=person("qian"), kind="restrict", target_type="release", target_id=live.release.pk,
        reason="误拒率异常",
    )  # fmt: skip
    assert kept(row) == ("II", None, None, None)
    assert queries.measure(row).due_at is None


@pytest.mark.parametrize("name", [*KEPT, "noticed_at"])
def test_the_database_keeps_the_limits(name: str, live: story.Story) -> None:
    row = stop(live)
    value = {"tier": "IV", "noticed_at": ago(5)}.get(name, 9_999)
    with refused_by_database("MC005"), ledger.act(person("chen")) as act:
        act.update(row, "order.corrected", {name: value})


def test_the_time_to_decide_runs_from_when_it_was_noticed(live: story.Story) -> None:
    row = stop(live, noticed_at=ago(61))
    found = queries.measure(row).decision
    assert found.seconds == pytest.approx(3_660, abs=5)
    assert (found.limit_minutes, found.in_time) == (60, False)
    lift(row)
    row = stop(live)
    found = queries.measure(row).decision
    assert (found.seconds, found.due_at, found.in_time) == (None, None, None)


def test_nothing_is_noticed_in_the_future(live: story.Story) -> None:
    with refused(DomainError, "noticed_in_the_future") as caught:
        stop(live, noticed_at=ago(-1))
    assert caught.value.field == "noticed_at"
    row = stop(live)
    with refused_by_database("23514"), ledger.act(person("luo")) as act:
        told = {field: getattr(row, field) for field in ("kind", "reason", "ordered_at")}
        told |= {"target_type": "model", "target_id": row.target_id, "ordered_by": person("luo")}
        act.create(Order(**told, noticed_at=ago(-1)), "order.stop")


def test_the_fallback_is_measured_to_the_last_of_those_who_enforce(live: story.Story) -> None:
    opened()
    opened("second")
    row = stop(live)
    with later(2):
        before = footprint()
        acknowledge(row, action="fallback")
        assert changes(before) == {"governance_acknowledgement": (1, 1), "registry_entry": (1, 0)}
        assert Entry.objects.order_by("-seq")[0].kind == "order.fallback"
    found = queries.measure(row)
    assert (found.has_fallback, found.fallback.seconds) == (False, None)
    with later(61):
        acknowledge(row, "second", action="fallback", applied_at=ago(30))
    found = queries.measure(row)
    assert (found.has_fallback, found.is_complete, found.fallback.in_time) == (True, False, False)
    assert found.fallback.seconds == pytest.approx(3_660, abs=5)


def test_the_page_and_rest_show_the_three_times(live: story.Story) -> None:
    opened()
    row = stop(live, noticed_at=ago(10), is_drill=True)
    path = f"/orders/{row.pk}/"
    html = page("sun", path)
    assert [one in html for one in ("<td>1 h</td>", "<td>15 min</td>")] == [True, True]
    assert html.count(">not yet<") == 2
    with later(3):
        acknowledge(row)
    with later(70):
        acknowledge(row, action="fallback")
        html = page("sun", path)
        told = caller("sun").get(f"/orders/{row.pk}/enforcement/").json()
        lift(row)
        found = report(row)
        shown = page("sun", path)
    assert "10 min 0 s" in html
    assert "In effect everywhere" in html
    assert html.count("Later than the limit.") == 1
    assert [told[step]["in_time"] for step in ("decision", "effective", "fallback")] == [
        True, True, False,
    ]  # fmt: skip
    assert told["answers"][0]["fallback_seconds"] == pytest.approx(4_200, abs=5)
    assert (found.decision_minutes, found.rto_minutes, found.fallback_minutes) == (11, 4, 71)
    assert "minutes until the fallback was in place" in shown


def test_it_is_said_in_the_browser_over_rest_and_on_the_command_line(live: story.Story) -> None:
    noticed = ago(20).replace(second=0, microsecond=0)
    form = {
        "reason": "误拒率异常",
        "noticed_at": noticed.astimezone(ZoneInfo(project.TIME_ZONE)).strftime("%Y-%m-%dT%H:%M"),
    }
    done = browser("luo").post(f"/do/stop/{live.release.pk}/", form)
    assert done.status_code == 302
    row = Order.objects.get(is_drill=False)
    assert row.noticed_at == noticed
    lift(row)
    body = {"kind": "stop", "target_type": "model", "target_id": str(live.registered.model.pk)}
    body |= {"reason": "误拒率异常", "noticed_at": noticed.isoformat()}
    made = caller("luo").post("/orders/", body).json()
    assert dt.datetime.fromisoformat(made["noticed_at"]) == noticed
    assert (made["tier"], made["decision_minutes"]) == ("II", 60)
    late = body | {"target_type": "release", "target_id": str(live.release.pk)}
    late |= {"noticed_at": ago(-5).isoformat()}
    problem(caller("luo").post("/orders/", late), 422, "noticed_in_the_future")
    run("release", live.release.code, noticed_at=noticed.isoformat())
    assert Order.objects.filter(target_type="release", noticed_at=noticed).count() == 2
    before = footprint()
    with pytest.raises(CommandError) as caught:
        run("version", str(live.version.pk), noticed_at="gestern")
    assert (caught.value.returncode, changes(before)) == (2, {})
