"""MLflow's webhooks here: its bodies and headers, for administrators, with their account's eyes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from governance.mlflow_compat import services
from governance.mlflow_compat.services import Hook
from governance.webhooks.models import Subscription
from registry.core.errors import DomainError, Forbidden, NotFound
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from tests import story
from tests.governance.mlflow_compat.test_gate import NAME, experiment
from tests.governance.mlflow_compat.test_protocol import bearer, call, refusal
from tests.governance.webhooks.conftest import receiver
from tests.governance.webhooks.telling import NOON, bodies, send
from tests.refusals import refused
from tests.registry.core.receiver import Receiver
from tests.world import person

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db
SECRET = "as-it-is-written-密"
EVENTS = [
    "registered_model.created", "model_version.created", "model_version_tag.set",
    "model_version_tag.deleted", "model_version_alias.created", "model_version_alias.deleted",
]  # fmt: skip


def hooked(receiver: Receiver, **changed: Any) -> Subscription:
    told = {"name": "ci", "url": f"{receiver.origin}/in", "events": EVENTS, "secret": SECRET}
    return services.create_webhook(actor=person("admin"), told=Hook(**(told | changed)))


def test_every_event_has_mlflows_body_and_signature(receiver: Receiver) -> None:
    row, li = hooked(receiver), person("li")
    services.register_model(actor=li, name=NAME, tags={"a": "b"}, description="x")
    experiment(tags={"t": "1"}, run_id="r1")
    services.set_version_tag(actor=li, name=NAME, number=1, key="k", value="v")
    services.delete_version_tag(actor=li, name=NAME, number=1, key="k")
    services.set_alias(actor=li, name=NAME, alias="best", number=1)
    services.delete_alias(actor=li, name=NAME, alias="best")
    services.describe_model(actor=li, name=NAME, description="MLflow tells nobody of this")
    assert send(row) == 6
    told = bodies(receiver)
    assert [f"{one['entity']}.{one['action']}" for one in told] == EVENTS
    assert {one["timestamp"] for one in told} == {"2026-11-23T04:00:00+00:00"}
    of_version = {"name": NAME, "version": "1"}
    assert [one["data"] for one in told] == [
        {"name": NAME, "tags": {"a": "b"}, "description": "x"},
        of_version | {"source": "s3://bucket/model", "run_id": "r1", "tags": {"t": "1"},
                      "description": None},
        of_version | {"key": "k", "value": "v"},
        of_version | {"key": "k"},
        of_version | {"alias": "best"},
        {"name": NAME, "alias": "best"},
    ]  # fmt: skip
    for got in receiver.got:
        head = f"{got.headers['X-MLflow-Delivery-Id']}.{int(NOON.timestamp())}.".encode()
        mark = hmac.new(SECRET.encode(), head + got.body, hashlib.sha256).digest()
        assert got.headers["X-MLflow-Signature"] == f"v1,{base64.b64encode(mark).decode()}"
        assert got.headers["X-MLflow-Timestamp"] == str(int(NOON.timestamp()))


def test_only_what_the_account_may_see_is_sent(receiver: Receiver) -> None:
    row = hooked(receiver, events=["registered_model.created", "model_version.created"])
    version = experiment()
    made = story.register(name="保密", is_confidential=True)
    services.claim_name(
        actor=person("wang"), registered_id=version.registered_id, model=made.registered.model
    )
    services.register_model(actor=person("hai"), name="branch", tags={})
    assert send(row) == 1
    assert [one["data"]["name"] for one in bodies(receiver)] == ["branch"]


def test_an_account_that_has_left_sees_nothing(receiver: Receiver) -> None:
    row = hooked(receiver)
    people.deactivate(actor=person("admin2"), user_id=person("admin").pk, reason="离职")
    experiment()
    assert (send(row), receiver.got) == (0, [])


def test_for_administrators_alone(receiver: Receiver) -> None:
    row = hooked(receiver)
    body = {"name": "x", "url": receiver.origin,
            "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]}  # fmt: skip
    for who in ("li", "wang", "sun"):
        for method, path, told in (
            ("POST", "webhooks", body), ("GET", "webhooks", {}),
            ("GET", f"webhooks/{row.pk}", {}), ("PATCH", f"webhooks/{row.pk}", {"name": "y"}),
            ("DELETE", f"webhooks/{row.pk}", {}), ("POST", f"webhooks/{row.pk}/test", {}),
        ):  # fmt: skip
            answer = call(method, path, told, bearer(who))
            assert refusal(answer) == (403, "PERMISSION_DENIED"), (who, method, path)
    narrow = bearer("admin", "read")
    assert refusal(call("GET", "webhooks", {}, narrow)) == (403, "PERMISSION_DENIED")
    with refused(Forbidden, "not_permitted"):
        services.create_webhook(actor=person("li"), told=Hook(name="x", url=receiver.origin))


@pytest.mark.parametrize("entity", ["PROMPT", "BUDGET_POLICY", "MODEL_VERSION_ALIAS", None])
def test_other_events_are_refused_with_those_that_are_served(
    receiver: Receiver, entity: str | None
) -> None:
    body = {"name": "x", "url": receiver.origin, "events": [{"entity": entity, "action": "SET"}]}
    answer = call("POST", "webhooks", body, bearer("admin"))
    assert refusal(answer) == (400, "INVALID_PARAMETER_VALUE")
    assert "model_version_alias.deleted" in answer.json()["message"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": "x" * 101}, "invalid_parameter_value"),
        ({"description": "x" * 501}, "invalid_parameter_value"),
        ({"status": "SLEEPING"}, "invalid_parameter_value"),
        ({"secret": "x" * 501}, "weak_secret"),
        ({"url": "http://10.0.0.1/x"}, "address_not_allowed"),
    ],
)
def test_what_is_refused(receiver: Receiver, changed: dict[str, Any], code: str) -> None:
    with refused(DomainError, code):
        hooked(receiver, **changed)


def test_a_webhook_of_ours_is_none_of_mlflows(receiver: Receiver) -> None:
    row = hooked(receiver, status="DISABLED")
    assert row.state == "paused"
    services.delete_webhook(actor=person("admin"), webhook_id=str(row.pk))
    with refused(NotFound, "not_found"):
        services.delete_webhook(actor=person("admin"), webhook_id=str(row.pk))
    answer = call("GET", "webhooks/no-key", {}, bearer("admin"))
    assert refusal(answer) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_another_secret_counts_at_once(receiver: Receiver) -> None:
    row = hooked(receiver, events=["registered_model.created"])
    services.update_webhook(
        actor=person("admin"), webhook_id=str(row.pk), told=Hook(secret="another")
    )
    experiment()
    assert send(row) == 1
    got = receiver.got[0]
    head = f"{got.headers['X-MLflow-Delivery-Id']}.{int(NOON.timestamp())}.".encode()
    mark = hmac.new(b"another", head + got.body, hashlib.sha256).digest()
    assert got.headers["X-MLflow-Signature"] == f"v1,{base64.b64encode(mark).decode()}"


def test_a_renamed_name_is_told_by_the_name_it_has(receiver: Receiver) -> None:
    row = hooked(receiver, events=["model_version.created"])
    experiment()
    services.rename(actor=person("li"), name=NAME, new_name="new")
    assert send(row) == 1
    assert json.loads(receiver.got[0].body)["data"]["name"] == "new"


def test_what_became_confidential_while_it_waited_stays_inside(receiver: Receiver) -> None:
    row = hooked(receiver, events=["registered_model.created"])
    version = experiment()
    made = story.register(name="后来保密")
    model = made.registered.model
    services.claim_name(actor=person("wang"), registered_id=version.registered_id, model=model)
    receiver.answers = [(503, b"")]
    assert (send(row), len(receiver.got)) == (0, 1)
    with ledger.act(person("wang")) as act:
        act.update(model, "model.corrected", {"is_confidential": True})
    assert (send(row, 3_600), len(receiver.got)) == (0, 1)
