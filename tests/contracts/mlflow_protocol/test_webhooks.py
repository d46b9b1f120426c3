"""Webhooks over MLflow's protocol: the same assertions for MLflow's server and for Mingce."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from mlflow.entities.webhook import WebhookEvent, WebhookStatus
from standardwebhooks import Webhook

from tests.contracts.mlflow_protocol.conftest import Registry
from tests.contracts.mlflow_protocol.differences import answer
from tests.contracts.mlflow_protocol.test_registry import refused
from tests.registry.core.receiver import Receiver, receiving

EVENTS = (
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
)
SECRET = "a-secret-as-it-is-written"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver on the loopback, which both servers are told to allow."""
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with receiving() as found:
        yield found


@pytest.fixture
def hooks(registry: Registry, request: pytest.FixtureRequest) -> Registry:
    """The registry, as an administrator asks it."""
    if registry.kind == "mingce":
        _url, issue = request.getfixturevalue("mingce")
        registry.token = issue("admin")
        request.getfixturevalue("monkeypatch").setenv("MLFLOW_TRACKING_TOKEN", registry.token)
    return registry


def made(hooks: Registry, receiver: Receiver, *events: str, **more: Any) -> Any:
    """A webhook of the test."""
    return hooks.client.create_webhook(
        hooks.name("hook"), f"{receiver.origin}/in",
        [WebhookEvent.from_str(one) for one in events or EVENTS], **more,  # type: ignore[arg-type]
    )  # fmt: skip


def url(hooks: Registry, receiver: Receiver, path: str = "/in") -> object:
    """What an answer tells of the address."""
    told = f"{receiver.origin}{path}"
    return told if answer(hooks, "address", "masked") == "whole" else f"{receiver.origin}/…"


def test_a_webhook_is_created_and_read(hooks: Registry, receiver: Receiver) -> None:
    row = made(hooks, receiver, description="für CI", secret=SECRET)
    for one in (row, hooks.client.get_webhook(row.webhook_id)):
        assert (one.name, one.description) == (hooks.name("hook"), "für CI")
        assert one.url == url(hooks, receiver)
        assert {str(event) for event in one.events} == set(EVENTS)
        assert (one.status, one.secret) == (WebhookStatus.ACTIVE, None)
        assert one.creation_timestamp == row.creation_timestamp > 1_600_000_000_000
    assert row.webhook_id in {one.webhook_id for one in hooks.client.list_webhooks()}


def test_a_list_comes_in_pages(hooks: Registry, receiver: Receiver) -> None:
    wanted = {made(hooks, receiver).webhook_id for _turn in range(3)}
    found, token = [], None
    while True:
        page = hooks.client.list_webhooks(max_results=1, page_token=token)
        found += [one.webhook_id for one in page]
        token = page.token
        if not token:
            break
        assert len(page) == 1
    assert len(found) == len(set(found))
    assert wanted <= set(found)


def test_what_is_told_is_changed_and_the_rest_stays(hooks: Registry, receiver: Receiver) -> None:
    row = made(hooks, receiver, description="before")
    changed = hooks.client.update_webhook(
        row.webhook_id, description="after", status=WebhookStatus.DISABLED,
        events=[WebhookEvent.from_str("model_version.created")],
    )  # fmt: skip
    read = hooks.client.get_webhook(row.webhook_id)
    for one in (changed, read):
        assert (one.name, one.description) == (row.name, "after")
        assert one.status == WebhookStatus.DISABLED
        assert [str(event) for event in one.events] == ["model_version.created"]
        assert one.url == url(hooks, receiver)
        assert one.last_updated_timestamp >= row.last_updated_timestamp
    again = hooks.client.update_webhook(
        row.webhook_id, url=f"{receiver.origin}/new", status=WebhookStatus.ACTIVE
    )
    assert (again.status, again.url) == (WebhookStatus.ACTIVE, url(hooks, receiver, "/new"))


def test_a_webhook_is_deleted(hooks: Registry, receiver: Receiver) -> None:
    row = made(hooks, receiver)
    hooks.client.delete_webhook(row.webhook_id)
    assert row.webhook_id not in {one.webhook_id for one in hooks.client.list_webhooks()}
    for call in (hooks.client.get_webhook, hooks.client.delete_webhook, hooks.client.test_webhook):
        with refused("RESOURCE_DOES_NOT_EXIST"):
            call(row.webhook_id)


def test_an_unknown_webhook(hooks: Registry) -> None:
    with refused("RESOURCE_DOES_NOT_EXIST"):
        hooks.client.get_webhook(NOBODY)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        hooks.client.update_webhook(NOBODY, name="x")


@pytest.mark.parametrize("event", EVENTS)
def test_a_test_sends_an_example_that_is_signed(
    hooks: Registry, receiver: Receiver, event: str
) -> None:
    row = made(hooks, receiver, secret=SECRET)
    result = hooks.client.test_webhook(row.webhook_id, WebhookEvent.from_str(event))  # type: ignore[arg-type]
    assert (result.success, result.response_status) == (True, 200)
    assert result.response_body == receiver.yes.decode()
    (got,) = receiver.got
    body = json.loads(got.body)
    assert got.headers["Content-Type"] == "application/json"
    assert f"{body['entity']}.{body['action']}" == event
    assert set(body) == {"entity", "action", "timestamp", "data"}
    assert body["data"] == _EXAMPLES[event]
    headers = {name.lower(): value for name, value in got.headers.items()}
    as_standard = {
        f"webhook-{name}": headers[f"x-mlflow-{other}"]
        for name, other in
        (("id", "delivery-id"), ("timestamp", "timestamp"), ("signature", "signature"))
    }  # fmt: skip
    Webhook(base64.b64encode(SECRET.encode()).decode()).verify(got.body, as_standard)


_EXAMPLES: dict[str, dict[str, Any]] = {
    "registered_model.created": {
        "name": "example_model", "tags": {"example_key": "example_value"},
        "description": "An example registered model",
    },
    "model_version.created": {
        "name": "example_model", "version": "1", "source": "models:/123",
        "run_id": "abcd1234abcd5678", "tags": {"example_key": "example_value"},
        "description": "An example model version",
    },
    "model_version_tag.set": {
        "name": "example_model", "version": "1", "key": "example_key", "value": "example_value",
    },
    "model_version_tag.deleted": {"name": "example_model", "version": "1", "key": "example_key"},
    "model_version_alias.created": {
        "name": "example_model", "alias": "example_alias", "version": "1",
    },
    "model_version_alias.deleted": {"name": "example_model", "alias": "example_alias"},
}  # fmt: skip


def test_a_test_without_a_secret_is_not_signed_and_tells_a_refusal(
    hooks: Registry, receiver: Receiver
) -> None:
    row = made(hooks, receiver, "model_version.created")
    receiver.answers = [(404, b"not here")]
    result = hooks.client.test_webhook(row.webhook_id)
    assert (result.success, result.response_status) == (False, 404)
    assert result.response_body == "not here"
    assert not [one for one in receiver.got[0].headers if one.lower() == "x-mlflow-signature"]
    assert json.loads(receiver.got[0].body)["entity"] == "model_version"


@pytest.mark.parametrize(
    ("case", "changed"),
    [
        ("no events", {"events": []}),
        ("no such event", {"events": [{"entity": "MODEL_VERSION", "action": "EXCEEDED"}]}),
        ("no address", {"url": "nowhere"}),
        ("another scheme", {"url": "ftp://host.example/x"}),
        ("no name", {"name": ""}),
    ],
)
def test_what_is_no_webhook(
    hooks: Registry, receiver: Receiver, case: str, changed: dict[str, Any]
) -> None:
    told = {
        "name": hooks.name("hook"), "url": f"{receiver.origin}/in",
        "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}],
    } | changed  # fmt: skip
    answered = hooks.call("POST", "webhooks", told)
    assert (answered.status_code, answered.json()["error_code"]) == (
        400, "INVALID_PARAMETER_VALUE",
    )  # fmt: skip


def test_events_about_prompts(hooks: Registry, receiver: Receiver) -> None:
    told = {
        "name": hooks.name("hook"), "url": f"{receiver.origin}/in",
        "events": [{"entity": "PROMPT", "action": "CREATED"}],
    }  # fmt: skip
    status = hooks.call("POST", "webhooks", told).status_code
    assert status == answer(hooks, "prompt events", 400)
