"""Measures Mingce as design section 8 asks: `make bench`, or
`python -m config.local.testing -- python -m tests.benchmarks.measure --models 1000 100000`.

Prints figures beside their budgets; asserts nothing. The machine is shared: read the ratios.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.conf import settings  # noqa: E402 (after setup)
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from config.local import roles  # noqa: E402
from registry.catalogue import services as catalogue  # noqa: E402
from registry.catalogue.models import AIModel  # noqa: E402
from registry.catalogue.services import NewVersion  # noqa: E402
from registry.core import clock  # noqa: E402
from registry.core.ledger import services as ledger  # noqa: E402
from registry.core.people import services as people  # noqa: E402
from registry.core.people.rules import Capability  # noqa: E402
from tests import conftest, story, world  # noqa: E402
from tests.benchmarks import estate, load  # noqa: E402

DATABASE = "mingce_bench"


def main() -> int:
    """Builds each estate in turn and measures it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--clients", type=int, default=8)
    told = parser.parse_args()
    found_institution()
    token = issue_token()
    built = 0
    try:
        for count in told.models:
            begun = time.monotonic()
            estate.build(count - built, world.person("wang"), world.head_office())
            taken = time.monotonic() - begun
            built_now, built = count - built, count
            call("ANALYZE")
            print(f"\n== {count:,} models; {2 * built_now / taken:,.0f} rows with entries a second")
            with server() as port:
                http_figures(port, token, told.clients, told.seconds)
        in_process_figures()
    finally:
        connections.close_all()
        conftest.drop(DATABASE)
    return 0


def found_institution() -> None:
    """An empty institution with people, as the tests have it."""
    conftest.drop(DATABASE)
    roles.prepare(conftest.ADMIN_URL, DATABASE)
    conftest.use_database(DATABASE)
    call_command("prepare_database", verbosity=0)
    world.build()


def issue_token() -> str:
    """A token of the model owner with every scope."""
    wang = world.person("wang")
    _row, secret = people.issue_token(
        actor=wang, user=wang, name="bench", scopes=[one.value for one in Capability],
        expires_at=clock.now() + dt.timedelta(days=1),
    )  # fmt: skip
    return secret


@contextmanager
def server() -> Iterator[int]:
    """gunicorn as in production: gthread, 2 workers x 3 threads."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    at = settings.DATABASES["default"]
    host = at["HOST"] or at["OPTIONS"].get("host", "127.0.0.1")
    url = f"postgresql://{at['USER']}@/{DATABASE}?host={host}"
    environment = os.environ | {"DATABASE_URL": url, "LOG_LEVEL": "ERROR"}
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi:application", "-k", "gthread", "-w", "2",
        "--threads", "3", "-b", f"127.0.0.1:{port}", "--log-level", "error",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=environment)  # noqa: S603 (our own command)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int) -> None:
    """The server answers."""
    for _attempt in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)  # noqa: S310 (loopback)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not answer")


def http_figures(port: int, token: str, clients: int, seconds: float) -> None:
    """The rows of the budget table that go over HTTP."""
    keys = [str(key) for key in AIModel.objects.values_list("pk", flat=True)[:200]]
    run = str(time.monotonic_ns())
    models = "/api/v1/models/"
    filtered = f"{models}?tier=II&entity={world.head_office().pk}&ordering=-registered_at"
    searched = f"{models}?search={urllib.parse.quote('评分卡')}"

    def get(*paths: str) -> load.Make:
        return lambda client, n: ("GET", paths[n % len(paths)], None)

    def post(path: str, body: Callable[[str], dict[str, object]]) -> load.Make:
        return lambda client, n: ("POST", path, body(f"{run}-{client}-{n}"))

    cases: list[tuple[str, str, load.Make]] = [
        ("me (empty authenticated view)", "", get("/api/v1/me/")),
        ("list 50", "110/s", get(models)),
        ("list 50, 2 filters + ordering", "70/s", get(filtered)),
        ("search 评分卡", "30/s", get(searched)),
        ("detail", "200/s", get(*(f"{models}{key}/" for key in keys))),
        (
            "register a version",
            "150/s",
            post("/api/v1/versions/", lambda name: version(keys, name)),
        ),
        ("register a model (whole)", "", post("/api/v1/registrations/", registration)),
    ]
    for name, budget, make in cases:
        load.drive(port, token, make, clients=clients, seconds=1.0)
        run += "w"
        found = load.drive(port, token, make, clients=clients, seconds=seconds)
        print(f"{name:34s} {found}   {'budget ' + budget if budget else ''}")


def version(keys: list[str], label: str) -> dict[str, object]:
    """A version with a digest of its own."""
    return {
        "model": keys[hash(label) % len(keys)],
        "label": label[:60],
        "identity_kind": "artifact",
        "digest": hashlib.sha256(label.encode()).hexdigest(),
    }


def registration(name: str) -> dict[str, object]:
    """The scorecard of the worked examples, under a name of its own."""
    entity, owner = str(world.head_office().pk), str(world.person("wang").pk)
    return {
        "model": {"name_zh": f"基准 {name}", "entity": entity, "owner": owner},
        "use_case": {"name_zh": "贷款审批", "purpose": "基准", "entity": entity, "owner": owner},
        "using_entity": entity,
        **{key: story.E01[key] for key in ("classification", "factors", "facts", "reasons")},
    }


def in_process_figures() -> None:
    """Statements, bulk create, ledger appends with eight clients, verification."""
    with CaptureQueriesContext(connection) as statements:
        begun = time.monotonic()
        registered = story.register(name="计数")
        taken = time.monotonic() - begun
    print(f"\nregister, attach version: {len(statements)} statements, {taken * 1000:.0f} ms")
    bulk(registered.registered.model)
    appends(8, 5.0)
    begun = time.monotonic()
    report = ledger.verify()
    taken = time.monotonic() - begun
    print(
        f"verify: {report.entries:,} entries and {report.rows:,} rows in {taken:.1f} s,"
        f" {report.entries / taken:,.0f} entries/s, faults {report.faults}"
        "   budget 1 M entries in 60 s"
    )


def bulk(model: AIModel) -> None:
    """Bulk create of 100 versions."""
    versions = [
        NewVersion(label=f"b{n}", identity_kind="artifact", digest=f"{n:064x}") for n in range(100)
    ]
    with CaptureQueriesContext(connection) as statements:
        begun = time.monotonic()
        catalogue.register_versions(actor=world.person("li"), model=model, versions=versions)
        taken = time.monotonic() - begun
    print(
        f"bulk create 100: {len(statements)} statements, {taken * 1000:.0f} ms   budget 25, 150 ms"
    )


def appends(clients: int, seconds: float) -> None:
    """Acts of one row and one entry each, from several threads."""
    done = [0] * clients
    deadline = time.monotonic() + seconds

    def run(client: int) -> None:
        wang, entity = world.person("wang"), world.head_office()
        new = catalogue.NewModel(name_zh="并发", entity=entity, owner=wang)
        while time.monotonic() < deadline:
            catalogue.register_model(actor=wang, model=new)
            done[client] += 1
        connections.close_all()

    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"acts with one row and one entry, {clients} clients: {sum(done) / seconds:,.0f}/s")


def call(statement: str) -> None:
    """One statement as the owner."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


if __name__ == "__main__":
    sys.exit(main())
