"""What a refusal leaves behind: nothing, or exactly the one entry of a recorded refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from registry.core.errors import DomainError
from registry.core.ledger.models import Governed

Footprint = dict[str, tuple[int, int]]


def footprint() -> Footprint:
    """Every table of ours: how many rows, and the sum of their row versions (updates raise it)."""
    with connection.cursor() as cursor:
        cursor.cursor.execute(_question(), prepare=True)  # asked often: planned once a connection
        return {table: (rows, int(versions)) for table, rows, versions in cursor.fetchall()}


@cache
def _question() -> str:
    parts = []
    for model in apps.get_models():
        if model._meta.app_label not in ("registry", "governance"):
            continue
        version = "row_version" if issubclass(model, Governed) else "0"
        table = model._meta.db_table
        told = f"'{table}', count(*), coalesce(sum({version}), 0)"
        parts.append(f"SELECT {told} FROM {table}")  # noqa: S608 (own tables)
    return " UNION ALL ".join(parts)


def changes(before: Footprint) -> Footprint:
    """What has been added since: rows and row versions, for each table that has changed."""
    now = footprint()
    return {
        table: (now[table][0] - rows, now[table][1] - versions)
        for table, (rows, versions) in before.items()
        if now[table] != (rows, versions)
    }


@contextmanager
def refused(
    kind: type[DomainError], code: str, *, leaving: Footprint | None = None
) -> Iterator[pytest.ExceptionInfo[DomainError]]:
    """The block is refused for exactly this reason, and leaves nothing behind (or `leaving`)."""
    before = footprint()
    with pytest.raises(DomainError) as caught:
        yield caught
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert changes(before) == (leaving or {})


def state_of(error: BaseException) -> str:
    """PostgreSQL's SQLSTATE."""
    return str(getattr(error.__cause__, "sqlstate", ""))


@contextmanager
def refused_by_database(sqlstate: str) -> Iterator[None]:
    """The statements, or their commit, are refused with this SQLSTATE, and leave nothing behind."""
    before, found = footprint(), ""
    try:
        with transaction.atomic():
            yield
            connection.check_constraints()
    except DatabaseError as error:
        found = state_of(error)
    assert found == sqlstate
    assert changes(before) == {}


def execute(statement: str, *parameters: Any) -> int:  # Any: whatever the driver takes
    """Raw SQL as the application's role; returns the number of rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def tamper(statement: str) -> None:
    """What a database superuser can do: every trigger is off."""
    execute("SET LOCAL session_replication_role = replica")
    assert execute(statement) == 1
    execute("SET LOCAL session_replication_role = origin")
