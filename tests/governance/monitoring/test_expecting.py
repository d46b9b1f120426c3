"""What the policy expects begins and ends with the release's life, and follows its tier."""

from __future__ import annotations

import datetime as dt

from governance.lifecycle import queries as lifecycle_queries
from governance.lifecycle import services as lifecycle
from governance.lifecycle.queries import facts
from governance.lifecycle.rules import Met
from governance.monitoring import services
from governance.monitoring.models import Breach, Metric, Reading
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.ledger import services as ledger
from registry.releases.models import Release
from tests import states, story
from tests.governance.monitoring.telling import report, told
from tests.refusals import changes, footprint
from tests.world import person


def test_going_live_begins_what_the_policy_expects(live: Release) -> None:
    rows = Metric.objects.filter(release=live).order_by("key")
    assert [(row.key, row.every_days) for row in rows] == [("fairness_ratio", 183), ("psi", 7)]
    due = Reading.objects.get(metric__key="psi").due_at
    assert due == states.LIVE + dt.timedelta(days=10.5)
    before = footprint()
    services.expect(actor=person("admin"), release_id=live.pk)
    assert changes(before) == {}


def test_another_tier_has_another_rhythm(live: Release) -> None:
    with ledger.act(person("sun")) as act:
        act.update(live.model_use, "use.changed", {"tier": "I"})
    services.expect(actor=person("admin"), release_id=live.pk)
    assert Metric.objects.get(key="psi").every_days == 1
    assert Reading.objects.get(metric__key="psi").due_at == states.LIVE + dt.timedelta(days=1.5)


def test_a_retired_release_is_watched_no_more(live: Release) -> None:
    with clock.at(states.LIVE + dt.timedelta(days=11)):
        services.listen(actor=person("admin"))
        story.hand_in(live, "retirement_plan")
        lifecycle.promote(actor=person("wang"), release_id=live.pk, to="S8")
        dispatch.run()
        assert services.listen(actor=person("admin")) == []
    assert not Metric.objects.filter(state="open").exists()
    assert not Reading.objects.exclude(due_at=None).exists()
    assert Breach.objects.get(kind="silent").state == "closed"


def test_a_day_that_was_lost_is_set_again(live: Release) -> None:
    Reading.objects.filter(metric__key="psi").update(due_at=None)
    Reading.objects.filter(metric__key="fairness_ratio").delete()
    with clock.at(states.LIVE + dt.timedelta(days=400)):
        services.expect(actor=person("admin"), release_id=live.pk)
        with clock.at(states.LIVE + dt.timedelta(days=800)):
            rows = services.listen(actor=person("admin"))
    assert {row.metric.key for row in rows} == {"psi", "fairness_ratio"}


def test_silence_is_told_of_all(live: Release) -> None:
    report(told(live, "psi", 0.01), told(live, "fairness_ratio", 0.9))
    with clock.at(states.LIVE + dt.timedelta(days=400)):
        rows = services.listen(actor=person("admin"))
    assert {row.metric.key for row in rows} == {"psi", "fairness_ratio"}


def monitored(live: Release) -> tuple[bool, str, str]:
    found = facts.monitored([live])[live.pk]
    return found.holds, found.why_zh, found.why_en


def test_the_gate_sees_whether_values_come(live: Release) -> None:
    """`monitoring_live` is met by values, or as before by a person's word."""
    assert monitored(live)[0] is False
    report(told(live, "psi", 0.02))
    assert monitored(live)[1] == "尚无（或逾期未报）：群体公平比值（最低/最高）"
    report(told(live, "fairness_ratio", 0.9))
    assert monitored(live) == (True, "", "")
    with clock.at(states.LIVE + dt.timedelta(days=11)):
        assert monitored(live)[2] == "No value in time: Population stability index (PSI)"
    item = next(
        one for one in lifecycle_queries.gate_of(live, "S5").items
        if one.requirement.key == "monitoring_live"
    )  # fmt: skip
    assert item.met is Met.FACT
