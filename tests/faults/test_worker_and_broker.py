"""A worker is killed and the broker forgets everything: no reaction is lost, none happens twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection

from governance.suspensions.models import Order
from registry.core.dispatch import services as dispatch
from registry.core.dispatch.models import Held
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from registry.releases import services as releases
from tests import story
from tests.world import person

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]
PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 90.0  # a worker needs five; a busy machine takes its time


def until(happened: Callable[[], bool], what: str, log: Path | None = None) -> None:
    """Waits for another process; where that is in vain, its log says why."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        if time.monotonic() > deadline or (log and "Traceback" in log.read_text()):
            pytest.fail(f"in vain until {what}\n{log.read_text() if log else ''}")
        time.sleep(0.02)


def address(database: str) -> str:
    """The test's own database, for another process."""
    given = os.environ.get("DATABASE_URL", "postgresql://mingce_app@127.0.0.1/mingce")
    return urlsplit(given)._replace(path=f"/{database}").geturl()


def broker() -> redis.Redis:
    """The tests' own broker."""
    parts = urlsplit(settings.REDIS_URL)
    if parts.scheme == "redis+socket":
        number = parts.query.removeprefix("virtual_host=") or "0"
        return redis.Redis(unix_socket_path=parts.path, db=int(number))
    return redis.Redis.from_url(settings.REDIS_URL)


@contextlib.contextmanager
def worker(database: str, path: Path, *extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker on the test's database, as in docker-compose.yml; ended with the block."""
    argv = [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker"]
    argv += ["--loglevel", "WARNING", "--concurrency", "1", *extra]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": address(database),
        "REDIS_URL": settings.REDIS_URL,
    }
    with path.open("ab") as log:
        process = subprocess.Popen(
            argv, cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9 for the worker and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def ledger_held(database: str) -> Iterator[None]:
    """Whoever writes an entry waits in mid-transaction: the lock of mingce_entry_chain()."""
    with psycopg.connect(address(database)) as other:
        other.execute("SELECT pg_advisory_xact_lock(7301001)")
        yield
        other.rollback()


def somebody_waits() -> bool:
    """Another session of this database waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        (waiting,) = cursor.fetchone()
        return bool(waiting)


def register(first: int, last: int) -> None:
    """Each model's grade is a reason to tell the model-risk manager."""
    for number in range(first, last + 1):
        told = story.register(name=f"评分卡{number}")
        releases.record_deployment(
            actor=person("luo"),
            release=told.release,
            environment="production",
            digest=f"{number:064x}",
        )


def effects() -> tuple[int, int, int]:
    """Notices of grades, restrictions of unknown digests, and their ledger entries."""
    return (
        Notice.objects.filter(kind="grade.confirmation_due").count(),
        Order.objects.count(),
        Entry.objects.filter(kind="order.restrict").count(),
    )


def test_a_killed_worker_and_an_emptied_broker_lose_nothing_and_double_nothing(
    committed: str, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    broker().flushall()
    register(1, 5)
    with ledger_held(committed), worker(committed, log) as first:
        until(somebody_waits, "the worker is in the middle of a reaction", log)
        kill(first)
    until(lambda: not somebody_waits(), "the dead worker's session has ended")
    assert effects() == (0, 0, 0)
    register(6, 8)
    broker().flushall()
    with worker(committed, log, "--beat", "--schedule", str(tmp_path / "beat")):
        until(lambda: min(effects()) >= 8, "beat has woken the dispatcher", log)
        register(9, 10)
        until(lambda: min(effects()) >= 10, "the act has woken the dispatcher", log)
    assert effects() == (10, 10, 10)
    assert set(Notice.objects.values_list("user__username", flat=True)) == {"chen"}
    dispatch.run()  # what the worker, ended with the block, had not come to
    assert (dispatch.run(), Held.objects.count(), effects()) == (0, 0, (10, 10, 10))
