"""One worker at a time serves a receiver or a source: a lock of the connection, not of a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone(lock: int, key: object) -> Iterator[bool]:
    """Whether nobody else holds the key's lock; it is held to the end of the block.

    lock: the number of what is served, another for each kind. Waits for nobody, needs no
    transaction, and who dies leaves the lock with the connection.
    """
    told: list[int | str] = [lock, str(key)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", told)
        (is_ours,) = cursor.fetchone()
    try:
        yield bool(is_ours)
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", told)
