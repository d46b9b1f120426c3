"""What is entered is told: once, signed, in order; again where it was not taken."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from standardwebhooks import Webhook

from governance.webhooks import queries, rules
from governance.webhooks import services as webhooks
from governance.webhooks.models import Pace, Sending
from governance.webhooks.services import sending
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from tests.governance.webhooks.telling import NOON, SECRET, bodies, happen, opened, send
from tests.registry.core.receiver import Receiver
from tests.world import person

pytestmark = pytest.mark.django_db
CLOUDEVENT = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}


def test_an_entry_is_told_once_as_a_signed_cloudevent(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    system = happen()
    assert (send(row), send(row, 60)) == (1, 0)
    (got,), (told,) = receiver.got, bodies(receiver)
    Webhook(SECRET).verify(got.body, _now(got.headers))
    entry = Entry.objects.get(subject_id=system.pk)
    assert got.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert (got.path, got.headers["webhook-id"]) == ("/hook?key=k1", told["id"])
    assert set(told) == CLOUDEVENT | {"timestamp"}
    assert told["type"] == "io.mingce.system.registered.v1"
    assert (told["id"], told["source"]) == (str(entry.uid), "https://models.bank.example")
    assert told["time"] == told["timestamp"] == "2026-11-23T04:00:00Z"
    assert told["data"] == {
        "seq": entry.seq, "hash": entry.hash, "kind": "system.registered",
        "subject_type": "registry.system", "subject_id": str(system.pk), "row_version": 1,
        "actor": str(person("wang").pk), "changes": {}, "code": "s1",
        "resource": f"https://models.bank.example/api/v1/systems/{system.pk}/",
    }  # fmt: skip
    assert "系统" not in got.body.decode()
    one = Sending.objects.get()
    assert (one.state, one.attempts, one.status, one.error) == ("sent", 1, 200, "")
    assert [told["status"] for told in one.tries] == [200]


def _now(headers: dict[str, str]) -> dict[str, str]:
    """The library compares with the real time; the signature covers the frozen one."""
    real = {name.lower(): value for name, value in headers.items()}
    stamp = str(int(NOON.timestamp()))
    assert real["webhook-timestamp"] == stamp
    return real


@pytest.fixture(autouse=True)
def noon_for_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's clock stands at noon too."""
    monkeypatch.setattr(
        Webhook, "_Webhook__verify_timestamp",
        lambda self, header: dt.datetime.fromtimestamp(float(header), dt.UTC),
    )  # fmt: skip


def test_it_is_told_in_the_order_of_the_ledger(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    for code in "abc":
        happen(code)
    assert send(row) == 3
    assert [one["data"]["code"] for one in bodies(receiver)] == ["a", "b", "c"]


def test_what_was_before_it_and_what_it_did_not_ask_for_is_not_told(receiver: Receiver) -> None:
    happen("before")
    row = opened(receiver, types=["release.*", "model.registered"])
    happen("after")
    assert (send(row), Sending.objects.count()) == (0, 0)
    assert Pace.objects.get().seq == Entry.objects.order_by("-seq")[0].seq


def test_a_change_of_state_tells_from_which_to_which(receiver: Receiver) -> None:
    row = opened(receiver, types=["webhook.*"], address=f"{receiver.origin}/a")
    other = opened(receiver, name="other")
    webhooks.pause_subscription(actor=person("admin"), subscription_id=other.pk)
    send(row)
    assert bodies(receiver)[-1]["data"]["changes"] == {"state": {"from": "open", "to": "paused"}}


# What is not taken.


def test_it_is_tried_again_by_the_schedule_under_the_same_id(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen()
    receiver.answers = [(500, b"no")] * 2
    assert [send(row, at) for at in (0, 4, 5, 299, 305, 400)] == [0, 0, 0, 0, 1, 0]
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.got}) == 3
    one = Sending.objects.get()
    assert (one.state, one.attempts) == ("sent", 3)
    assert [told["status"] for told in one.tries] == [500, 500, 200]
    assert one.tries[0]["error"] == "HTTP 500: no"
    assert (Pace.objects.get().failures, Pace.objects.get().failing_since) == (0, None)


def test_a_message_that_fails_blocks_no_other(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen("a")
    happen("b")
    receiver.answers = [(422, b"not this one")]
    assert send(row) == 1
    assert [one["data"]["code"] for one in bodies(receiver)] == ["a", "b"]
    assert list(Sending.objects.order_by("seq").values_list("state", flat=True)) == [
        "claimed", "sent",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "then"), [("120", 120), ("Mon, 23 Nov 2026 04:02:00 GMT", 120), ("999999999", 86_400)]
)
def test_a_receiver_that_asks_for_a_pause_has_it(receiver: Receiver, asked: str, then: int) -> None:
    row = opened(receiver, types=["system.*"])
    happen("a")
    happen("b")
    receiver.answers, receiver.more = [(429, b"")], {"Retry-After": asked}
    assert (send(row), len(receiver.got)) == (0, 1)
    assert (send(row, then - 1), len(receiver.got)) == (0, 1)
    assert (send(row, then), len(receiver.got)) == (2, 3)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirection_is_a_failure_and_not_followed(receiver: Receiver, status: int) -> None:
    row = opened(receiver, types=["system.*"])
    happen()
    receiver.answers = [(status, b"")]
    assert send(row) == 0
    assert [one.path for one in receiver.got] == ["/hook?key=k1"]
    assert Sending.objects.get().error.startswith(f"HTTP {status}")


def test_gone_disables_at_once_and_administrators_are_told(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen("a")
    happen("b")
    receiver.answers = [(410, b"")]
    assert (send(row), len(receiver.got)) == (0, 1)
    row.refresh_from_db()
    assert (row.state, row.because) == ("disabled", "gone")
    assert Entry.objects.filter(kind="webhook.disabled", subject_id=row.pk).count() == 1
    told = Notice.objects.filter(kind="webhook.disabled")
    assert {one.user.username for one in told} == {"admin", "admin2"}
    assert (send(row, 60), len(receiver.got)) == (0, 1)
    happen("c")
    with clock.at(NOON + dt.timedelta(hours=1)):
        webhooks.resume_subscription(actor=person("admin"), subscription_id=row.pk)
    assert send(row, 3_601) == 3
    assert {one["data"]["code"] for one in bodies(receiver)} == {"a", "b", "c"}


def test_after_the_last_attempt_it_has_failed_and_the_webhook_stays(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen()
    receiver.answers = [(500, b"")] * rules.MOST_ATTEMPTS
    at = 0.0
    for step in rules.timing.STEPS:
        at += step.total_seconds()
        assert send(row, at) == 0
    one = Sending.objects.get()
    assert (one.state, one.attempts, len(receiver.got)) == ("failed", 10, 10)
    row.refresh_from_db()
    assert row.state == "open"
    assert Notice.objects.filter(kind="webhook.failed").count() == 2


def test_a_worker_that_is_stopped_while_it_waits_has_made_its_attempt(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = opened(receiver, types=["system.*"])
    happen()

    def stopped(*_: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(sending, "deliver", stopped)
    at = 0.0
    for step in rules.timing.STEPS:
        at += step.total_seconds()
        with pytest.raises(SoftTimeLimitExceeded):
            send(row, at)
    one = Sending.objects.get()
    assert (one.state, one.attempts, len(one.tries)) == ("failed", 10, 10)
    assert one.error.startswith("the worker was stopped")


def test_a_message_whose_workers_died_is_not_tried_for_ever(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen()
    webhooks.claim()
    Sending.objects.update(attempts=rules.MOST_ATTEMPTS)
    assert send(row) == 0
    assert (Sending.objects.get().state, receiver.got) == ("failed", [])
    assert Notice.objects.filter(kind="webhook.failed").count() == 2


def test_five_days_of_nothing_but_failures_disable(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen("a")
    receiver.answers = [(500, b"")] * 9
    send(row)
    with clock.at(NOON + dt.timedelta(days=4, hours=23)):
        happen("b")
        webhooks.claim()
        webhooks.post(subscription_id=row.pk)
    row.refresh_from_db()
    assert row.state == "open"
    send(row, 5 * 86_400 + 1)
    row.refresh_from_db()
    assert (row.state, row.because) == ("disabled", "failing")


def test_a_secret_that_is_echoed_is_not_kept(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"], address=f"{receiver.origin}/hook/abcdef?key=topsec")
    happen()
    receiver.answers = [(404, f"no /hook/abcdef?key=topsec {SECRET}\x00".encode())]
    send(row)
    error = Sending.objects.get().error
    assert error.startswith("HTTP 404: no")
    assert not [one for one in ("abcdef", "topsec", SECRET, "\x00") if one in error]


def test_an_address_that_was_exchanged_is_not_sent_to(receiver: Receiver) -> None:
    row, other = opened(receiver), opened(receiver, address=receiver.origin)
    row.sealed = other.sealed
    answer = sending.deliver(row, {}, uuid.uuid4())
    assert (receiver.got, answer.status) == ([], 0)
    assert "is not what was told" in answer.error


# Again.


def test_a_replay_has_the_same_id_for_the_same_event_also_after_pruning(
    receiver: Receiver, settings: Any
) -> None:
    row = opened(receiver, types=["system.*"])
    happen("a")
    happen("b")
    send(row)
    told: dict[str, Any] = {"actor": person("admin"), "subscription_id": row.pk}
    done = webhooks.replay(**told, since_seq=0)
    assert (done.count, done.is_complete) == (2, True)
    assert send(row) == 2
    with clock.at(NOON + dt.timedelta(days=settings.WEBHOOK_LOG_DAYS + 1)):
        assert (webhooks.prune(), Sending.objects.count()) == (2, 0)
        first = uuid.UUID(bodies(receiver)[0]["id"])
        assert webhooks.replay(**told, message_ids=[first]).count == 1
        assert webhooks.post(subscription_id=row.pk) == 1
    ids = [one["id"] for one in bodies(receiver)]
    assert ids[:2] == ids[2:4]
    assert ids[4] == ids[0]
    assert Entry.objects.filter(kind="webhook.replayed").count() == 2


def test_pruning_leaves_what_waits(receiver: Receiver, settings: Any) -> None:
    row = opened(receiver, types=["system.*"])
    happen()
    receiver.answers = [(500, b"")]
    send(row)
    with clock.at(NOON + dt.timedelta(days=settings.WEBHOOK_LOG_DAYS + 1)):
        assert (webhooks.prune(), Sending.objects.count()) == (0, 1)


# Secrets.


def test_two_secrets_sign_while_one_is_exchanged_for_the_other(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    _row, fresh = webhooks.rotate_secret(
        actor=person("admin"), subscription_id=row.pk, overlap_hours=1
    )
    happen("a")
    send(row)
    for secret in (SECRET, fresh):
        Webhook(secret).verify(receiver.got[0].body, _now(receiver.got[0].headers))
    assert len(receiver.got[0].headers["webhook-signature"].split()) == 2
    happen("b")
    send(row, 3_600)
    assert len(receiver.got[1].headers["webhook-signature"].split()) == 1


def test_a_test_is_sent_at_once_and_not_again(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    receiver.answers = [(503, b"busy")]
    told: dict[str, Any] = {"actor": person("admin"), "subscription_id": row.pk}
    one, answer = webhooks.try_subscription(**told)
    assert (one.state, one.status, answer.status) == ("failed", 503, 503)
    assert one.error == "HTTP 503: busy"
    two, _answer = webhooks.try_subscription(**told)
    assert (two.state, two.status) == ("sent", 200)
    assert [told["type"] for told in bodies(receiver)] == ["io.mingce.webhook.tested.v1"] * 2
    assert send(row, 3_600) == 0


def test_the_figures_tell_of_receivers_in_trouble(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen("a")
    happen("b")
    receiver.answers = [(503, b""), (410, b"")]
    send(row)
    assert queries.counted() == (1, 0, 2)
    send(row, 5)
    assert queries.counted() == (0, 1, 2)
