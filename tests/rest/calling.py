"""Calling the REST doors in the process, as somebody with a bearer token."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from registry.core import clock
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.rules import Capability
from tests.world import person

API = "/api/v1"
NOBODY = "00000000-0000-4000-8000-000000000000"
PROBLEM = "application/problem+json"
EVERY_SCOPE = tuple(capability.value for capability in Capability)


_CLIENT = Client()  # one for all: each loads the middleware anew, and none keeps cookies here


@dataclass
class Caller:
    """Somebody who calls; every answer is a Django test response."""

    secret: str = ""
    client: Client = _CLIENT

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        return bearer | headers

    def get(self, path: str, query: Any = None, **headers: str) -> Any:  # Any: Django's client
        """GET below /api/v1; `query` is a dict."""
        return self.client.get(API + path, query, headers=self._headers(headers))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The body as JSON; bytes and text as they are. Header names take - for _."""
        raw = body if isinstance(body, bytes | str) else json.dumps({} if body is None else body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method, API + path, raw, "application/json", headers=self._headers(named)
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST with a JSON body."""
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        """PATCH with a JSON body."""
        return self.send("PATCH", path, body, **headers)

    def form(self, path: str, fields: dict[str, Any], **headers: str) -> Any:
        """POST as a multipart form."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(API + path, fields, headers=self._headers(named))


def secret_of(user: User, *scopes: str, actor: User | None = None) -> str:
    """A fresh token of the user, of every scope unless some are named."""
    _token, secret = people.issue_token(
        actor=actor or user,
        user=user,
        name="test",
        scopes=scopes or EVERY_SCOPE,
        expires_at=clock.now() + dt.timedelta(days=1),
    )
    return secret


def caller(username: str, *scopes: str) -> Caller:
    """Somebody of the world, with a token."""
    return Caller(secret_of(person(username), *scopes))


def machine(*scopes: str) -> Caller:
    """The world's pipeline."""
    return Caller(secret_of(person("pipeline"), *scopes, actor=person("admin")))


def problem(response: Any, status: int, code: str = "") -> dict[str, Any]:
    """The problem that was answered, which has to be one of ours."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response["Content-Type"] == PROBLEM
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"] == f"urn:mingce:problem:{body['code']}"
    assert body["detail"]
    assert code in ("", body["code"]), body
    return body


def entries() -> int:
    """How many entries the ledger holds."""
    return Entry.objects.count()
