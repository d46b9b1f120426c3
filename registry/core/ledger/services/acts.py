"""The act: everything that one door call changes, entered in the ledger in one transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Protocol, TypeVar

from django.db import connection, models, transaction

from registry.core import clock
from registry.core.ledger.models import Entry, Governed, WarrantUse
from registry.core.ledger.queries import state_of
from registry.core.ledger.rules import canonical

MOST_ENTRIES = 500
Row = TypeVar("Row", bound=Governed)


class Actor(Protocol):
    """Whoever acts: a person, a machine account or the system."""

    @property
    def pk(self) -> Any: ...  # Any: Django's pk


@dataclass(frozen=True)
class Warrant:
    """A decision that permits one change: the uid, kind and digest of its ledger entry."""

    entry: uuid.UUID
    kind: str
    digest: str


@dataclass
class _Book:
    """The entries of the act in progress, and who is told when it has been committed."""

    id: uuid.UUID
    entries: list[dict[str, Any]] = field(default_factory=list)  # Any: column values


@dataclass(frozen=True)
class Act:
    """The verbs of an act. Each writes rows and notes their entries; nothing else writes."""

    book: _Book
    actor: Actor
    effective_at: dt.datetime

    def create(self, row: Row, kind: str, **facts: Any) -> Row:  # Any: JSON
        """The row exists, with its entry."""
        row.save(force_insert=True)
        self.note(row, kind, facts=facts)
        return row

    def create_many(
        self,
        rows: Sequence[Row],
        kind: str,
        **facts: Any,  # Any: JSON
    ) -> Sequence[Row]:
        """The rows, all of one model, exist, each with its entry; one statement for all."""
        if rows:
            type(rows[0])._base_manager.bulk_create(rows)
            for row in rows:
                self.note(row, kind, facts=facts)
        return rows

    def update(
        self,
        row: Row,
        kind: str,
        changes: dict[str, Any],  # Any: column values
        **facts: Any,  # Any: JSON
    ) -> Row:
        """The row holds the changes and the next row version, with its entry."""
        for name, value in changes.items():
            setattr(row, name, value)
        row.row_version += 1
        row.save(update_fields=[*changes, "row_version"])
        self.note(row, kind, facts=facts)
        return row

    def note(
        self,
        row: Governed,
        kind: str,
        *,
        facts: dict[str, Any] | None = None,  # Any: JSON
        digest: str = "",
    ) -> Warrant:
        """An entry about the row as it now is. With a digest it can serve as a warrant."""
        body: dict[str, Any] = {"state": state_of(row)}  # Any: JSON
        if facts:
            body["facts"] = facts
        uid = uuid.uuid4()
        self.book.entries.append(
            {
                "uid": uid,
                "kind": kind,
                "actor": self.actor.pk,
                "subject_type": row._meta.label_lower,
                "subject_id": row.pk,
                "row_version": row.row_version,
                "digest": digest,
                "effective_at": self.effective_at,
                "body": canonical(body),
            }
        )
        return Warrant(entry=uid, kind=kind, digest=digest)

    def spend(self, warrant: Warrant, row: Governed) -> None:
        """The warrant has been used for the row's present version and can't be used again."""
        WarrantUse.objects.create(
            entry_id=warrant.entry,
            purpose=warrant.kind,
            subject_type=row._meta.label_lower,
            subject_id=row.pk,
            row_version=row.row_version,
            digest=warrant.digest,
        )


_open: ContextVar[_Book | None] = ContextVar("mingce_act", default=None)
Listener = Callable[[frozenset[str]], None]
_after_commit: list[Listener] = []


def tell_after_commit(listener: Listener) -> None:
    """The listener is called after each act that has committed entries, with their kinds (the
    dispatcher's wake).
    """
    if listener not in _after_commit:
        _after_commit.append(listener)


@contextmanager
def act(actor: Actor, *, effective_at: dt.datetime | None = None) -> Iterator[Act]:
    """One act: what happens inside is committed with its entries, or not at all.

    An act inside an act joins it. Row locks are taken inside; the ledger's lock comes last, when
    the entries are written at the exit. Raises ValueError above 500 entries: commit in chunks.
    """
    moment = effective_at or clock.now()
    book = _open.get()
    if book is not None:
        yield Act(book, actor, moment)
        return
    book = _Book(uuid.uuid4())
    token = _open.set(book)
    try:
        with transaction.atomic():
            yield Act(book, actor, moment)
            if len(book.entries) > MOST_ENTRIES:
                raise ValueError(f"An act holds at most {MOST_ENTRIES} entries; use chunks.")
            _append(book)
    finally:
        _open.reset(token)


def _append(book: _Book) -> None:
    """The entries are in the ledger; the database numbers and chains them."""
    if not book.entries:
        return
    same = {"act": book.id, "recorded_at": clock.now()}
    told = [{**same, **entry} for entry in book.entries]
    with connection.cursor() as cursor:
        cursor.execute(_insertion(len(told)), [entry[name] for entry in told for name in _COLUMNS])
    kinds = frozenset(entry["kind"] for entry in book.entries)
    for listener in _after_commit:
        transaction.on_commit(partial(listener, kinds), robust=True)


# What an entry is told; the number, the transaction and the chain are the database's.
_COLUMNS = (
    "uid", "act", "kind", "actor", "subject_type", "subject_id", "row_version", "digest",
    "effective_at", "recorded_at", "body",
)  # fmt: skip


@cache
def _insertion(count: int) -> str:
    """The statement for so many entries. Every act writes some: its text is made once."""
    row = f"(0{', %s' * len(_COLUMNS)})"
    columns, table = ", ".join(_COLUMNS), Entry._meta.db_table
    return f"INSERT INTO {table} (seq, {columns}) VALUES {', '.join([row] * count)}"  # noqa: S608 (own columns)


def lock(queryset: models.QuerySet[Row], pk: Any) -> Row:  # Any: Django's pk
    """The row, locked until the transaction ends. Raises the model's DoesNotExist.

    Its key is not: what only points to it, as new rows do, waits for nobody.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Lock inside an act.")
    return queryset.select_for_update(of=("self",), no_key=True).get(pk=pk)
