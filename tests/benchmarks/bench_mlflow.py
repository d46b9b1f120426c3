"""MLflow's protocol: MLflow's own server and Mingce, the same calls, workers and PostgreSQL.

`make conformance` once, then `python -m config.local.testing -- python -m
tests.benchmarks.bench_mlflow [names] [seconds]`. Prints ratios; asserts nothing. Both sides are
asked in turn, phase by phase, so that both have the same noise. Clients acknowledge at once: else
MLflow's server with two workers would wait 40 ms for each answer (uvicorn sets no TCP_NODELAY on
inherited sockets), and the ratio would tell nothing of the work done.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import measure  # first: it sets Django up

from django.db import connections  # isort: skip

from psycopg import conninfo, sql

from tests import conftest
from tests.benchmarks import load

SERVER = Path(__file__).parents[2] / ".tools" / "mlflow" / "bin" / "python"
PEER_DATABASE = "mingce_bench_mlflow"
CLIENTS = 8
ROOT = "/api/2.0/mlflow/"
TAGS = [{"key": "team", "value": "risk"}, {"key": "tier", "value": "II"}]
WORDS = ("score", "fraud", "ocr", "churn", "price", "chat", "route", "limit")


def main() -> None:
    names = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    measure.found_institution()
    token = measure.issue_token()
    try:
        with measure.server() as ours, peer() as theirs:
            sides = {"mlflow": (theirs, ""), "mingce": (ours, token)}
            for side, (port, secret) in sides.items():
                print(f"{side}: {fill(port, secret, names)}")
            for alias in ("default", "owner"):
                connections[alias].close()
            for name, budget, make in cases(names):
                compare(sides, name, budget, make, seconds)
    finally:
        connections.close_all()
        conftest.drop(measure.DATABASE)
        conftest.drop(PEER_DATABASE)


def fill(port: int, token: str, names: int) -> str:
    """So many names, every fifth of them with a version and an alias."""
    begun = time.monotonic()

    def create(client: int, n: int) -> tuple[str, str, object]:
        number = n * CLIENTS + client
        return "POST", f"{ROOT}registered-models/create", {"name": name_of(number), "tags": TAGS}

    def version(client: int, n: int) -> tuple[str, str, object]:
        told = {"name": name_of((n * CLIENTS + client) * 5), "source": "s3://b/m"}
        return "POST", f"{ROOT}model-versions/create", told

    def alias(client: int, n: int) -> tuple[str, str, object]:
        told = {"name": name_of((n * CLIENTS + client) * 5), "alias": "best", "version": "1"}
        return "POST", f"{ROOT}registered-models/alias", told

    load.drive(port, token, create, clients=CLIENTS, calls=names // CLIENTS)
    load.drive(port, token, version, clients=CLIENTS, calls=names // CLIENTS // 5)
    load.drive(port, token, alias, clients=CLIENTS, calls=names // CLIENTS // 5)
    return f"{names:,} names in {time.monotonic() - begun:.0f} s"


def name_of(number: int) -> str:
    return f"p-{WORDS[number % len(WORDS)]}-m{number:06d}"


def cases(names: int) -> list[tuple[str, str, load.Make]]:
    """What is asked, with the ratio that is wanted."""
    run = str(time.monotonic_ns())
    versions = names // 5

    def get(call: str, **told: str) -> str:
        return f"{ROOT}{call}?{urllib.parse.urlencode(told)}"

    def one(call: str, step: int, **more: str) -> load.Make:
        def make(client: int, n: int) -> tuple[str, str, object]:
            number = (n * CLIENTS + client) * 37 % (names // step) * step
            return "GET", get(call, name=name_of(number), **more), None

        return make

    like = get("registered-models/search", filter="name LIKE 'p-score-m%'", max_results="100")
    every = get("registered-models/search", max_results="100")
    tagged = get("registered-models/search", filter="tags.team = 'risk'", max_results="100")
    return [
        ("get a name", "1.3", one("registered-models/get", 1)),
        ("get a version", "1.3", one("model-versions/get", 5, version="1")),
        ("get by alias", "1.3", one("registered-models/alias", 5, alias="best")),
        ("where its files are", "", one("model-versions/get-download-uri", 5, version="1")),
        ("search 100, LIKE", "3", lambda client, n: ("GET", like, None)),
        ("search 100, all", "3", lambda client, n: ("GET", every, None)),
        ("search 100, by tag", "3", lambda client, n: ("GET", tagged, None)),
        (
            "create a name, 2 tags",
            "1",
            lambda client, n: (
                "POST", f"{ROOT}registered-models/create",
                {"name": f"n-{run}-{client}-{n}", "tags": TAGS},
            ),
        ),
        (
            "create a version",
            "1",
            lambda client, n: (
                "POST", f"{ROOT}model-versions/create",
                {"name": name_of((n * CLIENTS + client) * 37 % versions * 5), "source": "s3://b/m"},
            ),
        ),
        (
            "set an alias",
            "",
            lambda client, n: (
                "POST", f"{ROOT}registered-models/alias",
                {"name": name_of((n * CLIENTS + client) * 37 % versions * 5), "alias": "best",
                 "version": "1"},
            ),
        ),
    ]  # fmt: skip


def compare(
    sides: dict[str, tuple[int, str]], name: str, budget: str, make: load.Make, seconds: float
) -> None:
    """Three turns of both; the medians' ratio."""
    found: dict[str, list[load.Result]] = {side: [] for side in sides}
    for _turn in range(3):
        for side, (port, token) in sides.items():
            found[side].append(
                load.drive(port, token, _again(make, _turn), clients=CLIENTS, seconds=seconds / 3)
            )
    middle = {side: sorted(rows, key=lambda one: one.rate)[1] for side, rows in found.items()}
    ratio = middle["mingce"].rate / middle["mlflow"].rate
    print(f"{name:24s} mlflow {middle['mlflow']}")
    print(f"{'':24s} mingce {middle['mingce']}   ratio {ratio:.2f}"
          f"{f'   wanted {budget}' if budget else ''}")  # fmt: skip


def _again(make: load.Make, turn: int) -> load.Make:
    """Other names in each turn."""
    return lambda client, n: make(client, n + turn * 1_000_000)


@contextmanager
def peer() -> Iterator[int]:
    """MLflow's own server, with two workers, on a database of the same PostgreSQL."""
    if not SERVER.exists():
        raise SystemExit("MLflow's server is not installed: make conformance")
    conftest.drop(PEER_DATABASE)
    conftest._admin(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(PEER_DATABASE)))
    at = conninfo.conninfo_to_dict(conftest.ADMIN_URL)
    host, user, port_of = at.get("host"), at.get("user"), at.get("port") or "5432"
    store = f"postgresql+psycopg2://{user}@/{PEER_DATABASE}?host={host}&port={port_of}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(SERVER), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "2", "--backend-store-uri", store, "--artifacts-destination", folder,
        ]  # fmt: skip
        environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            wait_for(port, Path(folder) / "log")
            yield port
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def wait_for(port: int, log: Path) -> None:
    for _attempt in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)  # noqa: S310
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(log.read_text()[-2_000:])


if __name__ == "__main__":
    main()
