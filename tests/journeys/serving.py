"""A real HTTP server over the test's own database, and people who call it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from tests.rest.calling import secret_of
from tests.world import person

TIMEOUT_SECONDS = 30


class _Quiet(WSGIRequestHandler):
    """Tells nothing of each request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def served() -> Iterator[str]:
    """The address of the API, served until the block ends; a thread for each connection."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet, allow_reuse_address=False)
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/api/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Somebody:
    """A person with a bearer token, over HTTP."""

    base: str
    secret: str

    def _call(self, method: str, path: str, status: int, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.secret}"} | more.pop("headers", {})
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                method, self.base + path, headers=headers, timeout=TIMEOUT_SECONDS, **more
            )
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The JSON of a GET."""
        return self._call("GET", path, status, params=query).json()

    def download(self, path: str) -> requests.Response:
        """A file."""
        return self._call("GET", path, 200)

    def post(self, path: str, body: Any = None, status: int = 201, key: str = "") -> Any:
        """The JSON answer of a POST, with an idempotency key where one is given."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._call("POST", path, status, json=body or {}, headers=headers).json()

    def patch(self, path: str, body: Any) -> Any:
        """The row is read, and changed as it was read."""
        etag = self._call("GET", path, 200).headers["ETag"]
        return self._call("PATCH", path, 200, json=body, headers={"If-Match": etag}).json()

    def hand_in(self, fields: dict[str, str], name: str, content: bytes) -> Any:
        """A document."""
        files = {"file": (name, content)}
        return self._call("POST", "/documents/", 201, data=fields, files=files).json()


def somebody(base: str, username: str) -> Somebody:
    """Somebody of the world."""
    return Somebody(base, secret_of(person(username)))


def pipeline(base: str) -> Somebody:
    """The machine account."""
    secret = secret_of(person("pipeline"), "read", "acknowledge_stop", actor=person("admin"))
    return Somebody(base, secret)
