"""Workers in processes of their own that can be killed, their broker, and locks that stop them."""

from __future__ import annotations

import contextlib
import os
import shlex
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
from django.db import connection, connections

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 90.0  # a worker needs five; a busy machine takes its time
LEDGER = "SELECT pg_advisory_xact_lock(7301001)"  # the lock of mingce_entry_chain()
INBOX = "LOCK TABLE registry_notice IN SHARE MODE"


def until(
    happened: Callable[[], bool], what: str, log: Path | None = None, *, calm: bool = True
) -> None:
    """Waits for another process; where that is in vain, its log says why.

    calm: an error in the log is one too many; otherwise the test has brought it about.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        failed = calm and log is not None and "Traceback" in log.read_text()
        if failed or time.monotonic() > deadline:
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
def worker(
    database: str, log: Path, *extra: str, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker on the test's database, as in docker-compose.yml; ended with the block."""
    argv = [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker"]
    argv += ["--loglevel", "WARNING", "--concurrency", "1", *extra]
    ours = {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": address(database),
        "REDIS_URL": settings.REDIS_URL,
    }
    with log.open("ab") as out:
        process = subprocess.Popen(
            argv, cwd=PROJECT, env=os.environ | ours | environment, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
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
def held(database: str, lock: str) -> Iterator[None]:
    """Whoever comes to the lock waits there in mid-transaction, until the block ends."""
    with psycopg.connect(address(database)) as other:
        other.execute(lock.encode())
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


def end_sessions(admin_url: str) -> int:
    """Every other session of the test's database is cut off, as when PostgreSQL restarts.

    With TEST_RESTART_COMMAND, for a server that nobody else uses, it is restarted really.
    """
    command = os.environ.get("TEST_RESTART_COMMAND")
    if command:
        connections.close_all()
        subprocess.run(shlex.split(command), check=True)
        connection.ensure_connection()
        return 1
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (own,) = cursor.fetchone()
    with psycopg.connect(admin_url) as admin:
        ended = admin.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> %s",
            (name, own),
        ).fetchone()
    return int(ended[0]) if ended else 0
