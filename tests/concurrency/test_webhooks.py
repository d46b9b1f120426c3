"""Webhooks at once: no message twice, no receiver waits for another, no broker is needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connections

from governance.webhooks import services as webhooks
from governance.webhooks.models import Pace, Sending, Subscription
from registry.core import clock
from tests.concurrency.conftest import codes, together
from tests.governance.webhooks.telling import NOON, happen, opened
from tests.registry.core.receiver import Receiver, receiving
from tests.world import person


@pytest.fixture
def receivers(committed: str, settings: Any) -> Iterator[tuple[Receiver, Receiver]]:
    """Two, in a database in which commits are real."""
    with receiving() as one, receiving() as other:
        settings.PUBLIC_URL = "https://models.bank.example"
        settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
        settings.WEBHOOK_SECONDS = 2.0
        yield one, other


def at_noon(verb: Any, *told: Any, **more: Any) -> Any:
    with clock.at(NOON):
        return verb(*told, **more)


def test_no_message_is_claimed_or_sent_twice(receivers: tuple[Receiver, Receiver]) -> None:
    receiver, _other = receivers
    with clock.at(NOON):
        row = opened(receiver, types=["system.*"])
        for code in "abcdef":
            happen(code)
    claim = partial(at_noon, webhooks.claim)
    assert codes(together(claim, claim)) == ["done", "done"]
    assert Sending.objects.count() == 6
    send = partial(at_noon, webhooks.post, subscription_id=row.pk)
    outcomes = together(send, send)
    assert sorted(map(str, outcomes)) in (["0", "6"], ["1", "5"], ["2", "4"], ["3", "3"])
    ids = [one.headers["webhook-id"] for one in receiver.got]
    assert (len(ids), len(set(ids))) == (6, 6)


def test_a_dead_receiver_delays_nobody_else(receivers: tuple[Receiver, Receiver]) -> None:
    receiver, other = receivers
    release, asked = threading.Event(), threading.Event()
    with clock.at(NOON):
        dead = opened(receiver, types=["system.*"])
        alive = opened(other, name="alive", types=["system.*"])
        happen()
        assert set(webhooks.claim()) == {dead.pk, alive.pk}

    def hang() -> None:
        asked.set()
        release.wait(10)

    receiver.before = hang
    waiting = threading.Thread(target=_post, args=(dead.pk,))
    waiting.start()
    try:
        assert asked.wait(10)
        assert at_noon(webhooks.post, subscription_id=alive.pk) == 1
        assert at_noon(webhooks.post, subscription_id=dead.pk) == 0  # one worker at most
        assert len(receiver.got) == 1
        with clock.at(NOON):
            happen("b")  # nor does anybody's act wait
    finally:
        release.set()
        waiting.join(20)


def _post(key: Any) -> None:
    try:
        at_noon(webhooks.post, subscription_id=key)
    finally:
        connections.close_all()


def test_a_message_of_somebody_who_died_is_sent_under_the_same_id(
    receivers: tuple[Receiver, Receiver],
) -> None:
    receiver, _other = receivers
    with clock.at(NOON):
        row = opened(receiver, types=["system.*"])
        happen()
        webhooks.claim()
    Sending.objects.update(attempts=1, try_at=NOON)  # as left by a worker that was killed
    assert at_noon(webhooks.post, subscription_id=row.pk) == 1
    assert receiver.got[0].headers["webhook-id"] == str(Sending.objects.get().message_id)


def test_nobody_changes_what_another_closes(receivers: tuple[Receiver, Receiver]) -> None:
    receiver, _other = receivers
    with clock.at(NOON):
        row = opened(receiver)
    told = {"actor": person("admin"), "subscription_id": row.pk}
    close = partial(at_noon, webhooks.close_subscription, **told)
    assert codes(together(close, close)) == ["done", "illegal_transition"]
    row.refresh_from_db()
    assert (row.state, row.row_version) == ("closed", 2)
    assert Pace.objects.count() == Subscription.objects.count() == 1


def test_of_two_changes_of_what_was_seen_one_is_stale(
    receivers: tuple[Receiver, Receiver],
) -> None:
    receiver, _other = receivers
    with clock.at(NOON):
        row = opened(receiver)
    told: dict[str, Any] = {"actor": person("admin"), "subscription_id": row.pk}
    changes = [
        partial(
            at_noon, webhooks.change_subscription, **told, told=webhooks.Changed(name=name),
            expected_version=1,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    assert codes(together(*changes)) == ["done", "stale"]
    rotate = partial(at_noon, webhooks.rotate_secret, **told)
    assert codes(together(rotate, rotate)) == ["done", "done"]
    row.refresh_from_db()
    assert row.row_version == 4
    assert at_noon(webhooks.try_subscription, **told)[0].state == "sent"  # sealed as it is known


def test_two_replays_send_each_message_once(receivers: tuple[Receiver, Receiver]) -> None:
    receiver, _other = receivers
    with clock.at(NOON):
        row = opened(receiver, types=["system.*"])
        happen()
        webhooks.claim()
        assert webhooks.post(subscription_id=row.pk) == 1
    told: dict[str, Any] = {"actor": person("admin"), "subscription_id": row.pk, "since_seq": 0}
    again = partial(at_noon, webhooks.replay, **told)
    assert codes(together(again, again)) == ["done", "done"]
    assert at_noon(webhooks.post, subscription_id=row.pk) == 1
    assert Sending.objects.count() == 1
