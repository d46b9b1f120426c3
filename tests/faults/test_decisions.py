"""Web workers die while gateways post: whole batches or none, and nothing answered is lost."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from governance.checkpoints import services
from governance.checkpoints.models import Batch, Case, Decision, DecisionKey
from governance.checkpoints.queries import decisions
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.faults.processes import LEDGER, PROJECT, address, held, kill, somebody_waits, until
from tests.governance.checkpoints.asking import body
from tests.governance.checkpoints.conftest import live_committed
from tests.rest.calling import secret_of
from tests.states import LIVE
from tests.world import person

__all__ = ["live_committed"]
pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]
CLIENTS, BATCHES, SIZE, KILLS = 8, 12, 25, 5
Rows = list[dict[str, Any]]


class Server:
    """gunicorn with two workers, as in docker-compose.yml, on the day of the test."""

    def __init__(self, database: str, folder: Path) -> None:
        moment, self.log = folder / "moment", folder / "gunicorn.log"
        moment.write_text(LIVE.isoformat(), encoding="utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        ours = {
            "DATABASE_URL": address(database),
            "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
            "MINGCE_TEST_DATA_DIR": str(settings.DATA_DIR),
            "MINGCE_TEST_CLOCK_FILE": str(moment),
            "LOG_LEVEL": "ERROR",
        }
        argv = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "-k", "gthread"]
        argv += ["-w", "2", "--threads", "4", "-b", f"127.0.0.1:{self.port}"]
        with self.log.open("ab") as out:
            self.master = subprocess.Popen(
                argv, cwd=PROJECT, env=os.environ | ours, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def kill_a_worker(self, which: int = 0) -> None:
        """kill -9; the master starts another."""
        found = self.workers()
        with contextlib.suppress(ProcessLookupError):
            os.kill(found[which % len(found)], signal.SIGKILL)

    def answers(self) -> bool:
        """Whether anybody does."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            talk = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            talk.request("GET", "/healthz")
            return talk.getresponse().status == 200
        return False


@pytest.fixture
def server(live_committed: str, tmp_path: Path) -> Iterator[Server]:
    """It answers; ended with the test."""
    found = Server(live_committed, tmp_path)
    try:
        until(found.answers, "gunicorn answers", found.log)
        with clock.at(LIVE):
            yield found
    finally:
        kill(found.master)


class Gateways:
    """Clients that post batches and keep what they were answered."""

    def __init__(self, server: Server) -> None:
        self.server = server
        scopes = ("post_decisions", "read")
        self.token = secret_of(person("gateway"), *scopes, actor=person("admin"))
        self.release = Release.objects.get()
        self.answered: dict[str, str] = {}
        self.cut_off = 0
        self.lock = threading.Lock()

    def told(self, client: int, number: int) -> Rows:
        """A batch, of which one decision waits for a person."""
        begin = (client * 1_000 + number) * SIZE
        waits = {"fields": {"score": 0.5}}
        return [body(self.release, begin + n, **(waits if n == 3 else {})) for n in range(SIZE)]

    def post(self, rows: Rows) -> Rows:
        """The answers; none where the connection was cut off."""
        talk = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            content = json.dumps({"decisions": rows})
            talk.request("POST", "/api/v1/decisions/batch/", content, headers)
            answer = talk.getresponse()
            found = answer.read()
        except (OSError, http.client.HTTPException):
            with self.lock:
                self.cut_off += 1
            return []
        finally:
            talk.close()
        assert answer.status in (200, 201), (answer.status, found[:500])
        told: Rows = json.loads(found)["answers"]
        with self.lock:
            self.answered |= {one["reference"]: one["answer"] for one in told}
        return told

    def run(self, client: int) -> None:
        """One client's batches, each once."""
        for number in range(BATCHES):
            self.post(self.told(client, number))

    def are_ahead(self, enough: int, threads: list[threading.Thread]) -> bool:
        """Whether so many decisions have been answered, or nobody posts any more."""
        return len(self.answered) >= enough or not any(one.is_alive() for one in threads)

    @contextlib.contextmanager
    def posting(self) -> Iterator[list[threading.Thread]]:
        """All clients post while the block runs, and have ended after it."""
        threads = [threading.Thread(target=self.run, args=[n]) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        yield threads
        for thread in threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in threads)


def whole() -> None:
    """Every batch is what its root covers, every decision has its key, every held one its case."""
    services.seal(actor=system())
    assert decisions.unsound_seals(10) == []
    rows = Decision.objects.count()
    assert (sum(Batch.objects.values_list("size", flat=True)), rows % SIZE) == (rows, 0)
    keys = DecisionKey.objects.values_list("batch_id", "position")
    assert sorted(keys) == sorted(Decision.objects.values_list("batch_id", "position"))
    held_ones = Decision.objects.filter(answer="hold").values_list("batch_id", "position")
    assert sorted(held_ones) == sorted(Case.objects.values_list("batch_id", "position"))
    assert Entry.objects.filter(kind="case.opened").count() == Case.objects.count()


def test_killed_workers_leave_whole_batches_and_lose_nothing_that_was_answered(
    server: Server,
) -> None:
    gateways = Gateways(server)
    with gateways.posting() as threads:
        for turn in range(KILLS):
            until(
                partial(gateways.are_ahead, (turn + 1) * CLIENTS * SIZE, threads),
                "batches are answered", server.log, calm=False,
            )  # fmt: skip
            server.kill_a_worker(turn)
    assert gateways.cut_off > 0
    before = dict(gateways.answered)
    until(lambda: not somebody_waits(), "the dead workers' sessions have ended")
    known = set(DecisionKey.objects.values_list("reference", flat=True))
    assert set(before) <= known
    until(server.answers, "gunicorn answers again", server.log, calm=False)
    for client in range(CLIENTS):
        for number in range(BATCHES):
            rows = gateways.told(client, number)
            assert [one["reference"] for one in gateways.post(rows)] == [
                one["reference"] for one in rows
            ]
    assert {key: gateways.answered[key] for key in before} == before
    assert Decision.objects.count() == CLIENTS * BATCHES * SIZE
    assert Case.objects.count() == CLIENTS * BATCHES
    whole()


def test_a_batch_in_the_middle_of_which_its_worker_dies_was_never_there(
    server: Server, live_committed: str
) -> None:
    gateways, found = Gateways(server), list[Rows]()
    rows = gateways.told(0, 0)
    with held(live_committed, LEDGER):
        thread = threading.Thread(target=lambda: found.append(gateways.post(rows)))
        thread.start()
        until(somebody_waits, "the batch waits for the ledger, all of it written", server.log)
        for which in (0, 1):
            server.kill_a_worker(which)
        thread.join(60)
    until(lambda: not somebody_waits(), "the dead workers' sessions have ended")
    assert (found[-1], Batch.objects.count(), Decision.objects.count()) == ([], 0, 0)
    assert (DecisionKey.objects.count(), Case.objects.count()) == (0, 0)
    until(server.answers, "gunicorn answers again", server.log, calm=False)
    assert len(gateways.post(rows)) == SIZE
    whole()
