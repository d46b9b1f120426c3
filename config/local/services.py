"""Starts the private PostgreSQL and Valkey, unless the environment names others."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from config.local import postgres, roles, valkey
from config.local.supervisor import Supervisor

_START_SECONDS = 60.0


@contextlib.contextmanager
def database(
    supervisor: Supervisor, state: Path, data: Path, durable: bool
) -> Iterator[dict[str, str]]:
    """PostgreSQL runs with both roles; yields the addresses of its three roles."""
    with postgres.cluster(state, data, durable) as cluster:
        try:
            supervisor.start(postgres.command(cluster))
            supervisor.wait_for(lambda: postgres.answers(cluster), "PostgreSQL", _START_SECONDS)
            postgres.check_text(cluster)
            admin = cluster.url(postgres.SUPERUSER, "postgres")
            roles.prepare(admin)
            yield {
                "DATABASE_URL": cluster.url(roles.APPLICATION, roles.DATABASE),
                "DATABASE_OWNER_URL": cluster.url(roles.OWNER, roles.DATABASE),
                "TEST_DATABASE_ADMIN_URL": admin,
            }
        finally:
            # Before the socket folder goes, and before somebody else may use the data.
            supervisor.stop()


def given_database(admin_url: str) -> dict[str, str]:
    """Both roles exist on a server that was lent for tests; returns their addresses.

    Where the server asks for passwords, the roles get a new one that nobody keeps.
    """
    password = secrets.token_hex(16) if urlsplit(admin_url).password else None
    with psycopg.connect(admin_url, autocommit=True) as connection:
        roles.prepare_roles(connection, password)
    names = {"DATABASE_URL": roles.APPLICATION, "DATABASE_OWNER_URL": roles.OWNER}
    return {
        name: roles.address(admin_url, role, roles.DATABASE, password)
        for name, role in names.items()
    }


@contextlib.contextmanager
def queue(supervisor: Supervisor) -> Iterator[dict[str, str]]:
    """Valkey runs; yields its address."""
    folder = postgres.private_folder(None)
    try:
        supervisor.start(valkey.command(valkey.find_binary(), folder))
        supervisor.wait_for(lambda: valkey.answers(folder), "Valkey", _START_SECONDS)
        yield {"REDIS_URL": valkey.url(folder)}
    finally:
        supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


def environment(*parts: dict[str, str]) -> dict[str, str]:
    """Ours, with the parts on top, in UTF-8 and unbuffered so that logs appear at once."""
    merged = dict(os.environ) | {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    for part in parts:
        merged |= part
    return merged
