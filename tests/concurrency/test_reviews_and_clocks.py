"""Two at once: clocks, campaigns, channels. One wins, the other is told; nothing is doubled."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import pytest

from governance.clocks import services as clocks
from governance.clocks.models import Clock, ClockWarning
from governance.reviews import services as reviews
from governance.reviews.models import Campaign
from registry.core import clock
from registry.core.calendars import services as calendars
from registry.core.calendars.models import Arrangement
from registry.core.notices import services as notices
from registry.core.notices.models import Delivery
from registry.core.people.models import LegalEntity
from registry.core.people.queries import system
from tests.concurrency.conftest import Outcome, codes, together
from tests.registry.core.receiver import receiving
from tests.world import head_office, person

pytestmark = pytest.mark.slow
REASON = "客户数据外发，已核实。"


def kinds_of(outcomes: list[Outcome]) -> list[str]:
    """ "done", or what each refusal is called; a refusal of the database counts as one."""
    return sorted(
        type(one).__name__ if isinstance(one, BaseException) else "done" for one in outcomes
    )


def started(moment: dt.datetime) -> Clock:
    return clocks.start(
        actor=person("data"), kind="data_incident_formal", event_at=moment, reason=REASON,
        entity=head_office(),
    )  # fmt: skip


def test_one_event_of_an_entity_starts_one_clock(committed: str) -> None:
    moment = clock.now()
    outcomes = together(partial(started, moment), partial(started, moment))
    assert kinds_of(outcomes).count("done") == 1
    assert Clock.objects.count() == 1


def test_a_clock_ends_once(committed: str) -> None:
    row = started(clock.now())
    outcomes = together(
        lambda: clocks.complete(actor=person("data"), clock_id=row.pk, receipt="回执88号"),
        lambda: clocks.withdraw(actor=person("sun"), clock_id=row.pk, note="误报，不成立。"),
    )
    assert kinds_of(outcomes) == ["Conflict", "done"]


def test_two_sweeps_warn_once(committed: str) -> None:
    moment = clock.now() - dt.timedelta(hours=13)
    with clock.at(moment):
        started(moment)
    outcomes = together(*[partial(clocks.sweep, actor=system())] * 2)
    left = clocks.sweep(actor=system())
    assert sum(one for one in (*outcomes, left) if isinstance(one, int)) == 1
    assert list(ClockWarning.objects.values_list("mark", flat=True)) == ["after_50"]


def test_one_campaign_opens(committed: str) -> None:
    verb = partial(
        reviews.open_campaign, actor=person("chen"), entity=head_office(), title="台账确认",
        due_on=clock.today() + dt.timedelta(days=9),
    )  # fmt: skip
    outcomes = together(verb, verb)
    assert kinds_of(outcomes).count("done") == 1
    assert Campaign.objects.count() == 1


def test_a_campaign_opens_above_or_below_but_not_both(committed: str) -> None:
    def opening(code: str) -> None:
        reviews.open_campaign(
            actor=person("chen"), entity=LegalEntity.objects.get(code=code), title="台账确认",
            due_on=clock.today() + dt.timedelta(days=9),
        )  # fmt: skip

    outcomes = together(partial(opening, "SH"), partial(opening, head_office().code))
    assert codes(outcomes) == ["campaign_open", "done"]
    assert Campaign.objects.count() == 1


def test_one_arrangement_of_a_year(committed: str) -> None:
    verb = partial(
        calendars.arrange, actor=person("sun"), country="CN", year=2027, source="通知",
        days_off=[], worked_days=[],
    )  # fmt: skip
    outcomes = together(verb, verb)
    assert kinds_of(outcomes).count("done") >= 1
    assert Arrangement.objects.count() == 1


def test_a_proposed_change_of_days_is_answered_once(committed: str) -> None:
    row = calendars.arrange(
        actor=person("sun"), country="CN", year=2026, source="通知",
        days_off=[dt.date(2026, 12, 24)], worked_days=[],
    )  # fmt: skip
    outcomes = together(
        lambda: calendars.confirm(actor=person("qian"), arrangement_id=row.pk),
        lambda: calendars.drop(actor=person("gao"), arrangement_id=row.pk),
    )
    assert codes(outcomes) == ["done", "nothing_proposed"]


def test_two_workers_post_each_message_once(committed: str, settings: Any) -> None:
    with receiving() as receiver:
        settings.PUBLIC_URL = "https://models.bank.example"
        settings.OUTBOUND_HOSTS = [receiver.origin]
        told = notices.NewChannel(
            "hook", "webhook", f"{receiver.origin}/x", ["review"], head_office()
        )
        notices.open_channel(actor=person("admin"), told=told)
        for number in range(20):
            notices.tell(
                user_ids=[person("chen").pk], kind="review.task", text_zh=str(number),
                text_en=str(number), once_key=str(number),
            )  # fmt: skip
        together(*[partial(notices.post, is_working_day=True)] * 3)
        notices.post(is_working_day=True)
        ids = [one.headers["webhook-id"] for one in receiver.got]
    assert len(ids) == len(set(ids)) == 20
    assert set(Delivery.objects.values_list("state", "attempts")) == {("sent", 1)}
