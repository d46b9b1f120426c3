"""One real database for the tests, prepared as in production: owner, application role, triggers."""

from __future__ import annotations

import datetime as dt
import gc
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from config.local import roles
from registry.core import clock

pytest_plugins = ["tests.states"]
ADMIN_URL = os.environ.get("TEST_DATABASE_ADMIN_URL", "postgresql://postgres@127.0.0.1/postgres")
FOUNDED = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)  # whenever the tests run
hypothesis.settings.register_profile("mingce", deadline=None)  # no test asserts a time
hypothesis.settings.load_profile("mingce")
RUN = uuid.uuid4().hex[:8]
EMPTY = f"mingce_empty_{RUN}"  # with tables and triggers; nothing is founded
WORLD = f"mingce_world_{RUN}"  # founded, with people; the template of the others
MAIN = f"mingce_test_{RUN}"  # the tests' own, each test inside a transaction
_others: dict[str, BaseDatabaseWrapper] = {}  # the connections to other databases that last


def pytest_collection_finish() -> None:
    """What has been imported lives until the end: nobody looks again whether it is rubbish."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _admin(statement: sql.Composed) -> None:
    with psycopg.connect(ADMIN_URL, autocommit=True) as connection:
        connection.execute(statement)


def use_database(name: str) -> None:
    """Both aliases speak to this database from now on."""
    for alias, role in (("default", roles.APPLICATION), ("owner", roles.OWNER)):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        connections[alias].settings_dict["USER"] = role
        settings.DATABASES[alias]["NAME"] = name


def clone(template: str, name: str) -> None:
    """A database like the template."""
    _hang_up(template)
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
    names = [sql.Identifier(one) for one in (name, template, roles.OWNER)]
    _admin(statement.format(*names))


def drop(name: str) -> None:
    """The database is gone, whoever is connected."""
    _hang_up(name)
    _admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _hang_up(name: str) -> None:
    if name in _others:
        _others.pop(name).close()


@contextmanager
def speaking_to(name: str) -> Iterator[None]:
    """Meanwhile the default connection of this thread is one to that database.

    Both it and the one whose place it takes stay open: a new one learns every table anew.
    """
    own = connections["default"]
    if name not in _others:
        _others[name] = own.copy()
        _others[name].settings_dict["NAME"] = name
    connections["default"] = _others[name]
    try:
        yield
    finally:
        connections["default"] = own


@contextmanager
def inside(name: str, *, checked: bool = True) -> Iterator[None]:
    """In that database, in a transaction that is checked as at commit, then rolled back."""
    with speaking_to(name), transaction.atomic():
        yield
        if checked and not connection.needs_rollback:
            connection.check_constraints()
        transaction.set_rollback(True)


@contextmanager
def told(template: str, tell: Callable[[], object]) -> Iterator[str]:
    """A database like the template, in which this has been told too: for the tests to begin in."""
    name = f"mingce_told_{uuid.uuid4().hex[:8]}"
    clone(template, name)
    try:
        with speaking_to(name):
            tell()
        yield name
    finally:
        drop(name)


@contextmanager
def copy_of(template: str) -> Iterator[str]:
    """A copy of the test's own, in which commits are real: for threads, workers, tampering."""
    name = f"mingce_own_{uuid.uuid4().hex[:8]}"
    connections.close_all()
    clone(template, name)
    use_database(name)
    try:
        yield name
    finally:
        connections.close_all()
        use_database(MAIN)
        drop(name)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """The founded world is built once, through services, as the application's role."""
    from tests import world

    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's blocker
        roles.prepare(ADMIN_URL, EMPTY)
        use_database(EMPTY)
        call_command("prepare_database", verbosity=0)
        connections.close_all()
        clone(EMPTY, WORLD)
        use_database(WORLD)
        with clock.at(FOUNDED):
            world.build()
        connections.close_all()
        clone(WORLD, MAIN)
        use_database(MAIN)
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's blocker
        connections.close_all()
    for name in (MAIN, WORLD, EMPTY):
        drop(name)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own, in which commits are real."""
    with django_db_blocker.unblock(), copy_of(WORLD) as name:  # type: ignore[attr-defined]  # as above
        yield name
