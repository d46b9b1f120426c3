"""Answers go out by signed webhook: each case once, in the ledger's order, whatever breaks."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from governance import tasks
from governance.checkpoints import services
from governance.checkpoints.models import Case, Feed
from governance.checkpoints.services import feeding
from governance.suspensions import services as suspensions
from governance.suspensions.models import Consumer
from governance.suspensions.services import NewConsumer
from registry.core import clock
from registry.core.people import services as people
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.governance.checkpoints.asking import gateway
from tests.governance.checkpoints.test_deciding import decide, held, later
from tests.registry.core.receiver import Received, Receiver, receiving
from tests.world import head_office, person

KEY = b"k" * 32


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """The gateway's webhook."""
    with receiving() as found:
        settings.OUTBOUND_HOSTS = [found.origin]
        settings.PUBLIC_URL = "https://models.bank.example"
        yield found


@pytest.fixture
def consumer(live: Release, receiver: Receiver) -> Consumer:
    """The gateway's account, opened with its webhook."""
    told = NewConsumer(
        name="信贷网关", user=person("gateway"), entity=head_office(),
        address=f"{receiver.origin}/hook", secret="whsec_" + base64.b64encode(KEY).decode(),
    )  # fmt: skip
    return suspensions.open_consumer(actor=person("admin"), told=told)[0]


def turn() -> int:
    """What the sweep does now."""
    return sum(services.answer(consumer_id=key) for key in services.to_answer())


def cases_in(got: Received) -> list[dict[str, Any]]:
    """The message's cases; its signature is right."""
    headers = {name.lower(): value for name, value in got.headers.items()}
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + got.body
    mark = base64.b64encode(hmac.new(KEY, told, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mark}"
    body = json.loads(got.body)
    assert body["type"] == "cases.closed"
    found: list[dict[str, Any]] = body["data"]["cases"]
    return found


def test_what_became_of_a_case_is_told_as_asking_tells_it(
    live: Release, consumer: Consumer, receiver: Receiver
) -> None:
    first, second = held(live, reference="APP-1"), held(live, reference="APP-2")
    assert turn() == 0
    decide(second, "fu", "override")
    decide(first, "fu")
    assert turn() == 2
    told = cases_in(receiver.got[0])
    assert [one["reference"] for one in told] == ["APP-2", "APP-1"]
    for one in told:
        asked = gateway().get("/decisions/outcomes/", {"reference": one["reference"]}).json()
        assert one["decision"] == asked["decision"]
        for name, value in one["case"].items():
            if name.endswith("_at"):
                value, asked["case"][name] = map(
                    dt.datetime.fromisoformat, (value, asked["case"][name])
                )
            assert value == asked["case"][name], name
    assert "傅" not in receiver.got[0].body.decode()
    assert (turn(), len(receiver.got)) == (0, 1)


def test_nobody_in_time_is_told_too(live: Release, consumer: Consumer, receiver: Receiver) -> None:
    held(live)
    with later(hours=5):
        services.sweep(actor=system())
        assert turn() == 1
    (told,) = cases_in(receiver.got[0])
    assert (told["case"]["state"], told["case"]["effect"]) == ("lapsed", "deny")


def test_a_test_of_attention_is_nobodys_business(
    live: Release, consumer: Consumer, receiver: Receiver
) -> None:
    case = decide(held(live), "fu", "override")
    assert turn() == 1
    decide(services.plant(actor=person("chen"), case_id=case.pk), "fang", "override")
    assert (turn(), len(receiver.got)) == (0, 1)


def test_what_was_not_taken_goes_out_again_as_it_was(
    live: Release, consumer: Consumer, receiver: Receiver
) -> None:
    receiver.answers.append((503, b"down"))
    decide(held(live, reference="APP-1"), "fu")
    assert turn() == 0
    row = Feed.objects.get()
    assert (row.attempts, row.error) == (1, "HTTP 503: down")
    decide(held(live, reference="APP-2"), "fu")
    assert turn() == 0
    with later(minutes=1):
        assert turn() == 2
    ids = [one.headers["webhook-id"] for one in receiver.got]
    assert ids[0] == ids[1] != ids[2]
    references = [[one["reference"] for one in cases_in(got)] for got in receiver.got]
    assert references == [["APP-1"], ["APP-1"], ["APP-2"]]
    row.refresh_from_db()
    assert (row.attempts, row.error, row.upto) == (0, "", 0)


def test_a_worker_that_dies_after_claiming_loses_nothing(
    live: Release, consumer: Consumer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(held(live), "fu")
    with monkeypatch.context() as dying:
        dying.setattr(suspensions, "send", dies)
        with pytest.raises(SystemExit):
            turn()
    assert (turn(), receiver.got) == (0, [])  # it may still be on its way
    with later(minutes=1):
        assert turn() == 1
    assert len(cases_in(receiver.got[0])) == 1


def dies(*_told: Any) -> str:
    raise SystemExit


def test_many_are_told_in_messages_of_a_hundred(
    live: Release, consumer: Consumer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "MOST", 2)
    for number in range(5):
        decide(held(live, reference=f"APP-{number}"), "fu")
    assert turn() == 5
    assert [len(cases_in(got)) for got in receiver.got] == [2, 2, 1]


def test_who_tells_no_decisions_or_has_no_webhook_has_no_feed(
    live: Release, receiver: Receiver
) -> None:
    told = NewConsumer(name="无回调", user=person("gateway"), entity=head_office())
    suspensions.open_consumer(actor=person("admin"), told=told)
    told = NewConsumer(
        name="流水线", user=person("pipeline"), entity=head_office(),
        address=f"{receiver.origin}/other",
    )  # fmt: skip
    suspensions.open_consumer(actor=person("admin"), told=told)
    decide(held(live), "fu")
    assert services.to_answer() == []
    assert not Feed.objects.exists()


def test_a_closed_one_is_told_no_more(
    live: Release, consumer: Consumer, receiver: Receiver
) -> None:
    decide(held(live), "fu")
    suspensions.close_consumer(actor=person("admin"), consumer_id=consumer.pk)
    assert (turn(), receiver.got) == (0, [])


def test_who_has_lost_the_right_is_told_nothing_more(
    live: Release, consumer: Consumer, receiver: Receiver
) -> None:
    decide(held(live, reference="APP-1"), "fu")
    assert turn() == 1
    decide(held(live, reference="APP-2"), "fu")
    people.deactivate(actor=person("admin"), user_id=person("gateway").pk, reason="网关下线")
    assert (services.to_answer(), services.answer(consumer_id=consumer.pk)) == ([], 0)
    assert len(receiver.got) == 1


def test_the_sweep_gives_each_a_task_and_a_decision_wakes_it(
    live: Release,
    consumer: Consumer,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    case, sent = held(live), []
    monkeypatch.setattr(Celery, "send_task", lambda _self, name, **_told: sent.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        decide(case, "fu")
    assert "governance.answer_gateways" in sent
    asked: list[str] = []
    monkeypatch.setattr(
        tasks.answer_gateway, "apply_async", lambda args, expires: asked.append(args[0])
    )
    tasks.answer_gateways()
    assert asked == [str(consumer.pk)]
    tasks.answer_gateway(asked[0])
    assert Feed.objects.get().sent_at == clock.now()
    assert Case.objects.get().state == "decided"
