"""The protocol's own manners in the process: who calls, what is refused, and that nothing stays."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client

from registry.core import clock
from registry.core.people import services as people
from registry.core.people.models import Token
from tests import story
from tests.governance.mlflow_compat.test_gate import NAME, claimed, experiment
from tests.refusals import changes, footprint
from tests.rest.calling import secret_of
from tests.world import PASSWORD, person

pytestmark = pytest.mark.django_db
ROOT = "/api/2.0/mlflow/"


def call(method: str, path: str, told: Any = None, auth: str = "", **more: Any) -> Any:
    """A call as MLflow's client makes it."""
    headers = {"Authorization": auth} if auth else {}
    if method == "GET":
        return Client().get(ROOT + path, told, headers=headers)
    body = told if isinstance(told, bytes | str) else json.dumps(told or {})
    kind = more.get("content_type", "application/json")
    return Client().generic(method, ROOT + path, body, kind, headers=headers)


def bearer(who: str, *scopes: str) -> str:
    return f"Bearer {secret_of(person(who), *scopes)}"


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def refusal(answer: Any) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"error_code", "message"}
    assert body["message"]
    return answer.status_code, body["error_code"]


def test_nobody_calls_without_saying_who() -> None:
    for auth in ("", "Bearer mc_unknown", "Bearer ", "Basic ???", basic("li", "wrong"),
                 basic("li", "mc_wrong"), basic("nobody", PASSWORD)):  # fmt: skip
        answer = call("GET", "registered-models/search", {}, auth)
        assert refusal(answer) == (401, "UNAUTHENTICATED"), auth
        message = answer.json()["message"]
        assert "MLFLOW_TRACKING_TOKEN" in message
        assert message.isascii()  # MLflow's clients name no language
    headers = {"Accept-Language": "zh-CN"}
    told = Client().get(ROOT + "registered-models/search", headers=headers).json()["message"]
    assert ("MLFLOW_TRACKING_TOKEN" in told, "令牌" in told) == (True, True)


@pytest.mark.parametrize("name", ["li", "anything"])
def test_a_token_stands_in_the_passwords_place(name: str) -> None:
    secret = secret_of(person("li"))
    assert call("GET", "registered-models/search", {}, basic(name, secret)).status_code == 200


def test_a_person_calls_with_name_and_password() -> None:
    auth = basic("li", PASSWORD)
    assert call("POST", "registered-models/create", {"name": NAME}, auth).status_code == 200


def test_an_expired_and_a_revoked_token() -> None:
    secret, other = secret_of(person("li")), secret_of(person("li"))
    with clock.at(clock.now() + dt.timedelta(days=2)):
        answer = call("GET", "registered-models/search", {}, f"Bearer {secret}")
    assert refusal(answer) == (401, "UNAUTHENTICATED")
    token = Token.objects.order_by("-created_at").first()
    assert token is not None
    people.revoke_token(actor=person("li"), token_id=token.pk)
    answer = call("GET", "registered-models/search", {}, f"Bearer {other}")
    assert refusal(answer) == (401, "UNAUTHENTICATED")


def test_a_token_for_reading_changes_nothing() -> None:
    before = footprint()
    auth = bearer("li", "read")
    before = footprint()
    assert call("GET", "registered-models/search", {}, auth).json() == {}
    answer = call("POST", "registered-models/create", {"name": NAME}, auth)
    assert refusal(answer) == (403, "PERMISSION_DENIED")
    assert changes(before) == {}


def test_a_refused_promotion_says_what_is_missing_and_where() -> None:
    made = story.register()
    claimed(made.release)
    told = {"name": NAME, "alias": "champion", "version": "1"}
    auth = bearer("li")
    before = footprint()
    answer = call("POST", "registered-models/alias", told, auth)
    assert refusal(answer) == (403, "PERMISSION_DENIED")
    assert f"/releases/{made.release.pk}/" in answer.json()["message"]
    assert changes(before) == {}


def test_a_pending_promotion_is_a_conflict() -> None:
    made = story.register()
    claimed(made.release)
    approval = story.to_approval(made)
    told = {"name": NAME, "alias": "champion", "version": "1"}
    answer = call("POST", "registered-models/alias", told, bearer("li"))
    assert refusal(answer) == (409, "RESOURCE_CONFLICT")
    assert f"/approvals/{approval.pk}/" in answer.json()["message"]


BIG = [{"key": str(i), "value": ""} for i in range(101)]
FORGED = base64.b64encode(b'{"after": [1, 2]}').decode()
TOKENS = ("[" * 2_400, '{"after": ["\\ud800"]}', '{"after": ["0001-01-01T00:00:00+23:59", "a"]}',
          '{"after": ["9999-12-31T23:59:59-23:59", "a"]}', '{"after": ["a\\u0000"]}')  # fmt: skip
LIKE = "'%" + "a" * 201 + "'"
BAD_DIGEST = [{"key": "sha256", "value": "x"}]
CREATE, VERSION = "registered-models/create", "model-versions/create"
WRONG: list[tuple[str, str, Any]] = [
    ("POST", CREATE, b"\xff"),
    ("POST", CREATE, "[1]"),
    ("POST", CREATE, "null"),
    ("POST", CREATE, '{"name": NaN}'),
    ("POST", CREATE, '{"name": "a", "name": "b"}'),
    ("POST", CREATE, {"name": "a\x00b"}),
    ("POST", CREATE, {"name": "a\u202eb"}),
    ("POST", CREATE, {"name": "prod.\u00adscorecard"}),
    ("POST", CREATE, {"name": "a" * 257}),
    ("POST", CREATE, {"name": "a", "description": "d" * 5_001}),
    ("POST", CREATE, {"name": "a", "tags": "x"}),
    ("POST", CREATE, {"name": "a", "tags": [{"value": "x"}]}),
    ("POST", CREATE, {"name": "a", "tags": BIG}),
    ("POST", VERSION, {"name": NAME, "source": "s" * 501}),
    ("POST", VERSION, {"name": NAME, "source": "s3://b/../x"}),
    ("POST", VERSION, {"name": NAME, "source": "s", "tags": BAD_DIGEST}),
    ("GET", "model-versions/get", {"name": NAME, "version": "9" * 30}),
    ("GET", "model-versions/get", {"name": NAME, "version": "\u0661"}),
    ("GET", "registered-models/search", {"filter": "name = '\x00'"}),
    ("GET", "registered-models/search", {"filter": "x" * 10_001}),
    ("GET", "registered-models/search", {"page_token": FORGED}),
    *(
        ("GET", f"{kind}/search", {"page_token": base64.b64encode(one.encode()).decode()} | more)
        for one in TOKENS
        for kind, more in (
            ("registered-models", {}),
            ("registered-models", {"order_by": "timestamp"}),
        )
    ),
    ("GET", "registered-models/search", {"filter": f"tags.k LIKE {LIKE}"}),
    ("GET", "registered-models/search", {"filter": "tags.k LIKE '%a%a%a%a%a%a%a%a%a'"}),
    ("GET", "model-versions/search", {"filter": "version_number = 99999999999"}),
]


@pytest.mark.parametrize(("method", "path", "told"), WRONG, ids=lambda one: str(one)[:50])
def test_a_wrong_value_is_refused_clearly_and_leaves_nothing(
    method: str, path: str, told: Any
) -> None:
    experiment()
    auth = bearer("li")
    before = footprint()
    assert refusal(call(method, path, told, auth)) == (400, "INVALID_PARAMETER_VALUE")
    assert changes(before) == {}


@pytest.mark.parametrize(
    ("method", "path", "told", "expected"),
    [
        ("POST", "registered-models/set-tag", {"name": NAME, "key": "mingce.x"},
         (403, "PERMISSION_DENIED")),
        ("POST", VERSION, {"name": NAME, "source": f"models:/{NAME}/2"},
         (404, "RESOURCE_DOES_NOT_EXIST")),
        ("PUT", "registered-models/update", {"name": NAME}, (404, "ENDPOINT_NOT_FOUND")),
        ("POST", "registered-models/get", {"name": NAME}, (404, "ENDPOINT_NOT_FOUND")),
        ("GET", "experiments/search", {}, (404, "ENDPOINT_NOT_FOUND")),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_call_is_refused_clearly_and_leaves_nothing(
    method: str, path: str, told: Any, expected: tuple[int, str]
) -> None:
    experiment()
    auth = bearer("li")
    before = footprint()
    assert refusal(call(method, path, told, auth)) == expected
    assert changes(before) == {}


def test_another_form_than_json() -> None:
    answer = call(
        "POST", "registered-models/create", "name=x", bearer("li"), content_type="text/plain"
    )
    assert refusal(answer) == (400, "INVALID_PARAMETER_VALUE")


def test_the_second_address_and_what_is_asked_beside() -> None:
    client, headers = Client(), {"Authorization": bearer("li")}
    other = client.get("/ajax-api/2.0/mlflow/registered-models/search", headers=headers)
    assert other.status_code == 200
    assert client.get("/health").content == b"OK"
    assert client.get("/version").content == b"3.17.2"
    assert client.get("/api/3.0/mlflow/server-info").json()["workspaces_enabled"] is False


def test_the_entries_say_who_did_it() -> None:
    """MLflow itself records no actor."""
    auth = bearer("li")
    call("POST", "registered-models/create", {"name": NAME}, auth)
    answer = call("GET", "registered-models/get", {"name": NAME}, auth).json()
    assert answer["registered_model"]["user_id"] == "li"
