"""Who enforces stops: told at once, acknowledging by themselves, measured against the limit."""

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
from django.conf import settings as project

from governance import tasks
from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.models import Acknowledgement, Consumer, Order, Posting
from governance.suspensions.schema import NOTHING, StopsSection
from governance.suspensions.services import NewConsumer
from registry.catalogue.models import AIModel
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, NotFound
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.rules import Role
from tests import story
from tests.governance.desk.test_what_is_shown import page
from tests.governance.suspensions.test_wider import MENDED, branch
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.registry.core.receiver import Receiver, receiving
from tests.rest.calling import caller, machine, problem
from tests.world import head_office, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A gateway's webhook."""
    with receiving() as found:
        settings.OUTBOUND_HOSTS = [found.origin]
        yield found


def account(username: str = "pipeline") -> User:
    """A machine account with the pipeline's role."""
    found = User.objects.filter(username=username).first()
    if found is None:
        found = people.enrol_machine(actor=person("admin"), username=username, name=username)
        people.assign_role(
            actor=person("admin"), user=found, role=Role.PIPELINE, entity=head_office()
        )
    return found


def opened(username: str = "pipeline", **told: Any) -> Consumer:
    new: dict[str, Any] = {
        "name": f"网关 {username}",
        "user": account(username),
        "entity": head_office(),
    } | told
    return suspensions.open_consumer(actor=person("admin"), told=NewConsumer(**new))[0]


def stop(told: story.Story, **more: Any) -> Order:
    return suspensions.order(
        actor=person("luo"), kind="stop", target_type="model",
        target_id=told.registered.model.pk, reason="误拒率异常", **more,
    )  # fmt: skip


def lift(row: Order, **more: Any) -> Order:
    for username in ("chen", "gao"):
        row = suspensions.resume(actor=person(username), order_id=row.pk, reason=MENDED, **more)
    return row


def acknowledge(row: Order, username: str = "pipeline", **told: Any) -> Acknowledgement:
    told = {"action": "applied"} | told
    return suspensions.acknowledge(actor=account(username), order_id=row.pk, **told)


def later(minutes: float) -> Any:
    return clock.at(clock.now() + dt.timedelta(minutes=minutes))


def test_a_consumer_acknowledges_the_order_and_its_lifting_once_each(live: story.Story) -> None:
    opened()
    row = stop(live)
    before = footprint()
    acknowledge(row)
    assert changes(before) == {"governance_acknowledgement": (1, 1), "registry_entry": (1, 0)}
    assert Entry.objects.order_by("-seq")[0].kind == "order.applied"
    with refused(Conflict, "acknowledged_already"):
        acknowledge(row)
    with refused(Conflict, "still_in_force"):
        acknowledge(row, action="resumed")
    lift(row)
    acknowledge(row, action="resumed")
    said = Acknowledgement.objects.filter(order=row).values_list("action", flat=True)
    assert set(said) == {"applied", "resumed"}


@pytest.mark.parametrize(
    ("name", "minutes"), [("before the order", -1.0), ("in the future", 1.0)]
)  # fmt: skip
def test_what_was_done_lies_between_the_order_and_now(
    name: str, minutes: float, live: story.Story
) -> None:
    opened()
    row = stop(live)
    with refused(DomainError, "moment_out_of_range"):
        acknowledge(row, applied_at=row.ordered_at + dt.timedelta(minutes=minutes))


def test_only_a_consumers_own_account_acknowledges(live: story.Story) -> None:
    opened()
    account("other-gateway")
    row = stop(live)
    with refused(Forbidden, "no_consumer"):
        acknowledge(row, "other-gateway")
    with refused(Forbidden, "not_permitted"):
        suspensions.acknowledge(actor=person("luo"), order_id=row.pk, action="applied")
    opened("branch-gateway", entity=branch())
    with refused(NotFound, "not_found"):
        acknowledge(row, "branch-gateway")
    suspensions.close_consumer(actor=person("admin"), consumer_id=Consumer.objects.get(
        user=account()
    ).pk)  # fmt: skip
    with refused(Forbidden, "no_consumer"):
        acknowledge(row)


def test_an_order_about_nothing_live_concerns_nobody() -> None:
    consumer = opened()
    row = stop(story.register())
    assert list(queries.concerned(row)) == []
    with refused(NotFound, "not_found"):
        acknowledge(row)
    assert consumer.is_open


@pytest.mark.parametrize(
    ("name", "told", "kind", "code"),
    [
        ("a person", {"user": "luo"}, DomainError, "no_machine"),
        ("a host not allowed", {"address": "https://evil.example/x", "user": "second"}, DomainError,
         "host_not_allowed"),
        ("a name taken", {"name": "网关 pipeline", "user": "second"}, Conflict, "name_taken"),
        ("an account taken", {"name": "另一网关"}, Conflict, "account_taken"),
    ],
)  # fmt: skip
def test_a_consumer_is_not_opened(
    name: str, told: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    opened()
    username = told.get("user", "pipeline")
    user = person(username) if username == "luo" else account(username)
    new: dict[str, Any] = {"name": "某网关", "entity": head_office()} | told | {"user": user}
    with refused(kind, code):
        suspensions.open_consumer(actor=person("admin"), told=NewConsumer(**new))


def test_consumers_are_the_administrators(live: story.Story) -> None:
    consumer = opened()
    with refused(Forbidden, "not_permitted"):
        suspensions.close_consumer(actor=person("luo"), consumer_id=consumer.pk)
    suspensions.close_consumer(actor=person("admin"), consumer_id=consumer.pk)
    with refused(Conflict, "closed_already"):
        suspensions.close_consumer(actor=person("admin"), consumer_id=consumer.pk)


def test_a_gateway_is_told_with_the_signed_list_at_once(
    live: story.Story, receiver: Receiver
) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    consumer = opened(address=f"{receiver.origin}/hook", secret=secret)
    assert secret not in consumer.sealed
    row = stop(live, is_drill=True)
    assert suspensions.claim() == [consumer.pk]
    assert suspensions.post(consumer_id=consumer.pk) == 1
    (got,) = receiver.got
    body = json.loads(got.body)
    assert (body["type"], body["data"]["order"]) == ("stop_list.changed", str(row.pk))
    assert (body["data"]["action"], body["data"]["is_drill"]) == ("applied", True)
    listed = json.loads(base64.b64decode(body["data"]["stop_list"]["payload"]))
    assert [one["id"] for one in listed["orders"]] == [str(row.pk)]
    headers = {name.lower(): value for name, value in got.headers.items()}
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + got.body
    mark = base64.b64encode(hmac.new(b"k" * 32, told, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mark}"
    assert (suspensions.claim(), suspensions.post(consumer_id=consumer.pk)) == ([], 0)
    lift(row)
    suspensions.claim()
    suspensions.post(consumer_id=consumer.pk)
    assert json.loads(receiver.got[1].body)["data"]["action"] == "resumed"
    assert AIModel.objects.get().name_zh not in receiver.got[0].body.decode()


def test_who_was_opened_since_is_not_told_of_a_lifting(
    live: story.Story, receiver: Receiver
) -> None:
    lift(stop(live))
    consumer = opened(address=f"{receiver.origin}/hook")
    assert suspensions.claim() == []
    lift(stop(live))
    assert suspensions.claim() == [consumer.pk]
    assert list(Posting.objects.values_list("action", flat=True)) == ["resumed"]


def test_a_gateway_that_does_not_take_it_is_asked_again_and_slows_nobody(
    live: story.Story, receiver: Receiver
) -> None:
    dead = opened("dead", address=f"{receiver.origin}/dead")
    well = opened("well", address=f"{receiver.origin}/well")
    receiver.answers.append((503, b"down"))
    stop(live)
    assert set(suspensions.claim()) == {dead.pk, well.pk}
    assert suspensions.post(consumer_id=dead.pk) == 0
    assert suspensions.post(consumer_id=well.pk) == 1
    row = Posting.objects.get(consumer=dead)
    assert (row.state, row.attempts, row.error) == ("claimed", 1, "HTTP 503: down")
    assert suspensions.claim() == []
    with later(1):
        assert suspensions.claim() == [dead.pk]
        assert suspensions.post(consumer_id=dead.pk) == 1
    row.refresh_from_db()
    assert (row.state, row.error) == ("sent", "")


def test_a_gateway_that_never_takes_it_is_given_up_with_the_reason(
    live: story.Story, receiver: Receiver
) -> None:
    consumer = opened(address=f"{receiver.origin}/hook")
    stop(live)
    suspensions.claim()
    receiver.answers += [(500, b"no")] * 20
    for hours in range(20):
        with later(hours * 10):
            suspensions.post(consumer_id=consumer.pk)
    row = Posting.objects.get()
    assert (row.state, row.attempts, row.error) == ("failed", 20, "HTTP 500: no")
    assert len(receiver.got) == 20


def test_closing_gives_up_what_is_on_its_way(live: story.Story, receiver: Receiver) -> None:
    consumer = opened(address=f"{receiver.origin}/hook")
    stop(live)
    suspensions.claim()
    suspensions.close_consumer(actor=person("admin"), consumer_id=consumer.pk)
    assert Posting.objects.get().state == "failed"
    assert suspensions.claim() == []


def test_the_sweep_gives_each_gateway_a_task_of_its_own(
    live: story.Story, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumers = {str(opened(name, address=f"{receiver.origin}/{name}").pk) for name in ("a1", "a2")}
    stop(live)
    asked: list[str] = []
    monkeypatch.setattr(
        tasks.post_to_consumer, "apply_async", lambda args, expires: asked.append(args[0])
    )
    tasks.sweep_stops()
    assert set(asked) == consumers


def test_a_worker_is_woken_when_the_stop_is_committed(
    live: story.Story, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(Celery, "send_task", lambda _self, name, **_told: sent.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        stop(live)
    assert "governance.sweep_stops" in sent


def test_the_time_to_the_last_acknowledgement_is_measured_against_the_tiers_limit(
    live: story.Story,
) -> None:
    opened()
    opened("second")
    row = stop(live)
    with later(2):
        acknowledge(row)
    assert not queries.measure(row).is_complete
    with later(4):
        acknowledge(row, "second", applied_at=clock.now() - dt.timedelta(seconds=30))
    found = queries.measure(row)
    assert (found.tier, found.due_at) == (
        live.release.model_use.tier, row.ordered_at + dt.timedelta(minutes=15),
    )  # fmt: skip
    assert (found.decision.limit_minutes, found.fallback.limit_minutes) == (60, 60)
    assert found.seconds == pytest.approx(240, abs=1)
    assert found.in_time is True


def test_a_late_acknowledgement_is_late_whatever_time_it_tells(live: story.Story) -> None:
    """A gateway could say at minute 16 that it had applied the order in the second."""
    opened()
    row = stop(live)
    early = row.ordered_at + dt.timedelta(minutes=2)
    with later(16):
        acknowledge(row, applied_at=early)
        told = caller("sun").get(f"/orders/{row.pk}/enforcement/").json()
        html = page("sun", f"/orders/{row.pk}/")
    found = queries.measure(row)
    assert (found.in_time, found.answers[0].applied_told) == (False, early)
    assert found.seconds == pytest.approx(960, abs=1)
    assert (told["in_time"], round(told["seconds"] / 60)) == (False, 16)
    (answer,) = told["answers"]
    assert answer["applied_at"] < answer["received_at"]
    assert "In effect everywhere after 16 min 0 s." in html
    assert "says: done at" in html


def test_a_time_told_just_before_it_is_received_is_not_shown_apart(live: story.Story) -> None:
    opened()
    row = stop(live)
    with later(2):
        acknowledge(row, applied_at=clock.now() - dt.timedelta(seconds=59))
        assert "says: done at" not in page("sun", f"/orders/{row.pk}/")


def test_who_has_not_acknowledged_in_time_is_told_of_once_until_it_has(live: story.Story) -> None:
    opened()
    row = stop(live)
    assert suspensions.tell_late() == 0
    with later(16):
        assert suspensions.tell_late() == 1
        suspensions.tell_late()
        notice = Notice.objects.get(kind="order.unacknowledged")
        assert (notice.user, notice.link) == (person("luo"), f"/orders/{row.pk}/")
        assert "网关 pipeline" in notice.text_zh
        acknowledge(row)
        assert suspensions.tell_late() == 0
    notice.refresh_from_db()
    assert notice.settled_at is not None
    assert queries.measure(row).in_time is False


def test_who_came_after_the_order_is_not_late(live: story.Story) -> None:
    row = stop(live)
    with later(1):
        opened()
    with later(20):
        assert suspensions.tell_late() == 0
    assert queries.measure(row).answers == ()
    assert queries.measure(row).is_complete is False


def test_the_database_takes_no_acknowledgement_beforehand_nor_a_second(live: story.Story) -> None:
    consumer, row = opened(), stop(live)
    made = acknowledge(row)
    for change in ({"applied_at": clock.now() + dt.timedelta(days=1)}, {}):
        told = {"order": row, "consumer": consumer, "action": "applied"}
        told |= {"applied_at": made.applied_at, "received_at": made.received_at} | change
        with refused_by_database("23514" if change else "23505"):
            Acknowledgement(**told).save()


def test_the_door_of_acknowledgements(live: story.Story) -> None:
    opened()
    row = stop(live)
    gateway = machine()
    assert (
        gateway.post(f"/orders/{row.pk}/acknowledgements/", {"action": "applied"}).status_code
        == 201
    )
    told = gateway.post(f"/orders/{row.pk}/acknowledgements/", {"action": "applied"})
    problem(told, 409, "acknowledged_already")
    told = caller("sun").get(f"/orders/{row.pk}/enforcement/").json()
    assert (told["is_complete"], told["in_time"], len(told["answers"])) == (True, True, 1)
    assert told["answers"][0]["resumed_at"] is None
    (listed,) = gateway.get("/acknowledgements/", {"order": str(row.pk)}).json()["results"]
    assert listed["action"] == "applied"


def test_the_pack_names_each_tier_once() -> None:
    one = {
        "tier": "I", "label": {"zh": "甲", "en": "a"},
        "sources": [{"ref": "RI-08", "tag": "own_design"}],
    }  # fmt: skip
    assert StopsSection.model_validate({"limits": [one]}).of("I") is not None
    with pytest.raises(ValueError, match="tier I stands twice"):
        StopsSection.model_validate({"limits": [one, one]})
    assert NOTHING.of("I") is None
    assert project.CELERY_BEAT_SCHEDULE["stops"]["schedule"] == 15.0


def test_who_is_closed_after_the_order_is_not_excused(live: story.Story) -> None:
    silent = opened()
    opened("second")
    row = stop(live)
    acknowledge(row, "second")
    with later(1):
        suspensions.close_consumer(actor=person("admin"), consumer_id=silent.pk)
    found = queries.measure(row)
    assert ([one.consumer for one in found.answers if not one.applied], found.in_time) == (
        [silent], None,
    )  # fmt: skip
    with later(16):
        assert suspensions.tell_late() == 1
