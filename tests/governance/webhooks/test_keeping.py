"""Webhooks are kept by administrators: opened, changed, paused, closed."""

from __future__ import annotations

from typing import Any

import pytest

from governance.webhooks import services as webhooks
from governance.webhooks.models import Pace, Sending, Subscription
from governance.webhooks.services import Changed
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import parts_of
from tests.governance.webhooks.telling import SECRET, bodies, happen, opened, send
from tests.refusals import refused
from tests.registry.core.receiver import Receiver
from tests.rest.calling import Caller, caller, problem
from tests.world import head_office, person

pytestmark = pytest.mark.django_db


def told(row: Subscription) -> dict[str, Any]:
    return {"actor": person("admin"), "subscription_id": row.pk}


def test_neither_address_nor_secret_stands_anywhere(receiver: Receiver) -> None:
    row = opened(receiver)
    entry = Entry.objects.get(kind="webhook.opened")
    state, _facts = parts_of(entry.body)
    assert state["fingerprint"] == row.fingerprint
    assert state["host"] == receiver.origin
    for hidden in ("key=k1", SECRET, SECRET.removeprefix("whsec_")):
        assert hidden not in entry.body
        assert hidden not in row.sealed
    assert Pace.objects.get().seq == row.from_seq == entry.seq - 1


@pytest.mark.parametrize(
    ("case", "changed", "code"),
    [
        ("no such event", {"types": ["nothing.here"]}, "unknown_types"),
        ("no such beginning", {"types": ["system.*", "sys.*"]}, "unknown_types"),
        ("no event", {"types": []}, "unknown_types"),
        ("weak", {"secret": "whsec_c2hvcnQ="}, "weak_secret"),
        ("inside", {"address": "http://10.0.0.1/x"}, "address_not_allowed"),
        ("no address", {"address": "nowhere"}, "bad_address"),
    ],
)
def test_what_is_refused(receiver: Receiver, case: str, changed: dict[str, Any], code: str) -> None:
    with refused(DomainError, code):
        opened(receiver, **changed)


@pytest.mark.parametrize("username", ["sun", "shen", "wang", "hai"])
def test_nobody_else_keeps_webhooks(receiver: Receiver, username: str) -> None:
    row = opened(receiver)
    actor = person(username)
    new = webhooks.NewSubscription("x", receiver.origin, ["*"], head_office())
    for verb in (
        lambda: webhooks.open_subscription(actor=actor, told=new),
        lambda: webhooks.change_subscription(
            actor=actor, subscription_id=row.pk, told=Changed(name="y")
        ),
        lambda: webhooks.rotate_secret(actor=actor, subscription_id=row.pk),
        lambda: webhooks.pause_subscription(actor=actor, subscription_id=row.pk),
        lambda: webhooks.close_subscription(actor=actor, subscription_id=row.pk),
        lambda: webhooks.try_subscription(actor=actor, subscription_id=row.pk),
        lambda: webhooks.replay(actor=actor, subscription_id=row.pk, since_seq=0),
    ):
        with refused(Forbidden, "not_permitted"):
            verb()


def test_a_paused_one_is_told_afterwards_what_it_missed(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    webhooks.pause_subscription(**told(row))
    happen("a")
    assert (send(row), Sending.objects.count()) == (0, 0)
    with refused(Conflict, "not_open"):
        webhooks.replay(**told(row), since_seq=0)
    webhooks.resume_subscription(**told(row))
    assert send(row) == 1
    with refused(Conflict, "illegal_transition"):
        webhooks.resume_subscription(**told(row))


def test_a_closed_one_stays_so_and_gives_up_what_waits(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen()
    receiver.answers = [(500, b"")]
    send(row)
    webhooks.close_subscription(**told(row))
    assert Sending.objects.get().state == "failed"
    happen("b")
    assert (send(row, 3_600), len(receiver.got)) == (0, 1)
    for verb, code in (
        (lambda: webhooks.rotate_secret(**told(row)), "closed_already"),
        (lambda: webhooks.change_subscription(**told(row), told=Changed(name="x")),
         "closed_already"),
        (lambda: webhooks.try_subscription(**told(row)), "closed_already"),
        (lambda: webhooks.resume_subscription(**told(row)), "illegal_transition"),
    ):  # fmt: skip
        with refused(Conflict, code):
            verb()


def test_it_is_changed_and_what_waits_goes_to_the_new_address(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen()
    webhooks.claim()
    changed = Changed(name="soc", address=f"{receiver.origin}/new", types=["system.registered"])
    webhooks.change_subscription(**told(row), told=changed)
    assert send(row) == 1
    assert receiver.got[0].path == "/new"
    row.refresh_from_db()
    assert (row.name, row.types) == ("soc", ["system.registered"])
    with refused(DomainError, "nothing_told"):
        webhooks.change_subscription(**told(row), told=Changed())
    with refused(DomainError, "overlap_out_of_range"):
        webhooks.rotate_secret(**told(row), overlap_hours=200)


@pytest.mark.parametrize(
    "beginning", [{}, {"since_seq": 1, "message_ids": ["00000000-0000-4000-8000-000000000000"]}]
)
def test_a_replay_begins_somewhere(receiver: Receiver, beginning: dict[str, Any]) -> None:
    row = opened(receiver)
    with refused(DomainError, "one_beginning"):
        webhooks.replay(**told(row), **beginning)


# REST.


def body(receiver: Receiver, **changed: Any) -> dict[str, Any]:
    return {
        "name": "siem", "address": f"{receiver.origin}/hook", "types": ["system.*"],
        "entity": str(head_office().pk),
    } | changed  # fmt: skip


def test_the_whole_life_of_a_webhook_over_rest(receiver: Receiver) -> None:
    admin = caller("admin")
    made = admin.post("/webhooks/", body(receiver))
    assert made.status_code == 201
    secret, path = made.json()["secret"], f"/webhooks/{made.json()['id']}/"
    assert secret.startswith("whsec_")
    read = admin.get(path)
    assert read.json().keys() == made.json().keys() - {"secret"}
    assert "hook" not in read.content.decode().replace("webhook", "")
    changed = admin.patch(path, {"types": ["system.*", "release.*"]}, If_Match=read["ETag"])
    assert (changed.status_code, changed.json()["types"]) == (200, ["release.*", "system.*"])
    problem(admin.patch(path, {"name": "x"}, If_Match=read["ETag"]), 412, "stale")
    tested = admin.post(f"{path}tests/").json()
    assert (tested["state"], tested["status"], tested["kind"]) == ("sent", 200, "webhook.tested")
    rotated = admin.post(f"{path}secrets/", {"overlap_hours": 1}).json()
    assert rotated["secret"] not in ("", secret)
    assert rotated["previous_until"] is not None
    happen()
    send(Subscription.objects.get())
    log = admin.get(f"{path}deliveries/", {"kind": "system.registered"}).json()["results"]
    assert [(one["state"], one["attempts"], one["status"]) for one in log] == [("sent", 1, 200)]
    again = admin.post(f"{path}replays/", {"message_ids": [log[0]["message_id"]]}).json()
    assert (again["count"], again["is_complete"]) == (1, True)
    _life_ends(admin, path)


def _life_ends(admin: Caller, path: str) -> None:
    for verb, state in (("pauses", "paused"), ("resumptions", "open"), ("closings", "closed")):
        answer = admin.post(f"{path}{verb}/")
        assert (answer.status_code, answer.json()["state"]) == (201, state)
    problem(admin.post(f"{path}pauses/"), 409, "illegal_transition")


def test_refusals_name_field_and_way_out(receiver: Receiver) -> None:
    admin = caller("admin")
    told = problem(
        admin.post("/webhooks/", body(receiver, address="http://10.0.0.1/")), 422,
        "address_not_allowed",
    )  # fmt: skip
    assert told["field"] == "address"
    assert "MINGCE_WEBHOOK_ALLOWED_HOSTS" in told["hint"]
    told = problem(
        admin.post("/webhooks/", body(receiver, types=["nope.*"])), 422, "unknown_types"
    )  # fmt: skip
    assert told["field"] == "types"
    problem(admin.post("/webhooks/", {}), 400)


def test_the_events_are_listed_with_their_types() -> None:
    found = caller("admin").get("/webhooks/types/").json()["results"]
    assert {"kind": "release.moved", "type": "io.mingce.release.moved.v1"} in found


def test_two_webhooks_have_each_their_own_log(receiver: Receiver) -> None:
    one = opened(receiver, types=["system.*"])
    two = opened(receiver, name="two", types=["release.*"])
    happen()
    send(one)
    admin = caller("admin")
    assert len(admin.get(f"/webhooks/{one.pk}/deliveries/").json()["results"]) == 1
    assert admin.get(f"/webhooks/{two.pk}/deliveries/").json()["results"] == []
    assert len(bodies(receiver)) == 1


@pytest.mark.parametrize("protocol", ["cloudevents", "mlflow"])
def test_a_lost_key_is_told_and_a_new_address_with_a_new_secret_is_the_way_out(
    receiver: Receiver, settings: Any, protocol: str
) -> None:
    types = ["system.*"] if protocol == "cloudevents" else ["model_version.created"]
    row = opened(receiver, protocol=protocol, types=types)
    settings.VAULT_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    address = f"{receiver.origin}/new"
    with refused(DomainError, "sealed"):
        webhooks.rotate_secret(**told(row))
    with refused(DomainError, "sealed"):
        webhooks.change_subscription(**told(row), told=Changed(address=address))
    with refused(DomainError, "no_address"):
        webhooks.change_subscription(**told(row), told=Changed(secret=SECRET))
    assert webhooks.address_of(row) == f"{receiver.origin}/…"
    webhooks.change_subscription(**told(row), told=Changed(address=address, secret=SECRET))
    one, _answer = webhooks.try_subscription(**told(row))
    assert (one.state, receiver.got[0].path) == ("sent", "/new")


def test_a_closed_one_forgets_its_secrets(receiver: Receiver) -> None:
    row = opened(receiver)
    webhooks.close_subscription(**told(row))
    row.refresh_from_db()
    assert row.sealed == ""
    assert webhooks.address_of(row) == f"{receiver.origin}/…"
