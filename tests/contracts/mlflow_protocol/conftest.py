"""The registries that the same suite asks: Mingce, and MLflow's own server where it is there."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
import pytest
import requests
from mlflow import MlflowClient

from tests import conftest
from tests.journeys.serving import served
from tests.rest.calling import secret_of
from tests.world import person

START_SECONDS = 90
# Where `make conformance` has installed MLflow's own server.
SERVER = Path(__file__).parents[3] / ".tools" / "mlflow" / "bin" / "python"


@dataclass
class Registry:
    """One of the two, with an unmodified client; every name is of this test alone."""

    kind: str
    url: str
    client: MlflowClient
    token: str = ""
    mark: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def name(self, word: str = "credit") -> str:
        """A registered name that no other test has."""
        return f"{word}-{self.mark}"

    def call(self, method: str, call: str, told: Any = None, **more: Any) -> requests.Response:
        """A call by hand: parameters in the address for GET, else a JSON body."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= more.pop("headers", {})
        named = {"params": told} if method == "GET" else {"json": told}
        url = f"{self.url}/api/2.0/mlflow/{call}"
        return requests.request(method, url, headers=headers, timeout=30, **(named | more))


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of MLflow's own server, with a database of its own."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [
        str(SERVER), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, start_new_session=True,
            env=os.environ | {
                "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
                "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
                "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
            },
        )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}/health", server, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise RuntimeError(log.read_text()[-2000:])


@pytest.fixture(scope="module")
def mingce(
    django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[str, Callable[..., str]]]:
    """The address of Mingce over a database of the module's own, and what issues tokens."""
    with (
        django_db_blocker.unblock(),
        conftest.copy_of(conftest.WORLD),
        served() as base,
    ):
        yield base.removesuffix("/api/v1"), lambda who, *some: secret_of(person(who), *some)


@pytest.fixture(params=["mingce", "mlflow"])
def registry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry that speaks MLflow's protocol."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    if request.param == "mlflow":
        if not SERVER.exists():
            pytest.skip("MLflow's server is not installed: `make conformance` installs it.")
        url, token = request.getfixturevalue("mlflow_server"), ""
    else:
        url, issue = request.getfixturevalue("mingce")
        token = issue("li")
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
    mlflow.set_tracking_uri(url)
    return Registry(request.param, url, MlflowClient(url, url), token)
