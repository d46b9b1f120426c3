"""Reading the ledger: the state of a row, the chain, what was true on a date."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection, models

from registry.core import clock
from registry.core.ledger.models import Entry, Governed
from registry.core.ledger.rules import Line, personal_digest, plain

_LINE_COLUMNS = (
    "seq, uid::text, act::text, kind, actor::text, subject_type, subject_id::text, row_version,"
    " digest, mingce_utc(effective_at), mingce_utc(recorded_at), body, prev, hash"
)
_BATCH = 2_000
_NOT_STATE = frozenset({"id", "row_version", "created_at"})


def governed_models() -> list[type[Governed]]:
    """Every table whose rows have entries."""
    return [model for model in apps.get_models() if issubclass(model, Governed)]


def state_of(row: Governed) -> dict[str, Any]:  # Any: JSON
    """The row's columns as canonical JSON values; personal fields as salted digests."""
    state: dict[str, Any] = {}  # Any: JSON
    for column in row._meta.concrete_fields:
        if column.attname in _NOT_STATE or column.attname in row.derived_fields:
            continue
        value = getattr(row, column.attname)
        if isinstance(column, models.DecimalField) and isinstance(value, Decimal):
            # As the database keeps it: 86 and 86.00 are one number, but not one text.
            value = value.quantize(Decimal(1).scaleb(-column.decimal_places))
        if column.attname in row.personal_fields:
            state[column.attname] = personal_digest(str(getattr(row, "salt", "")), value)
        else:
            state[column.attname] = plain(value)
    return state


def head() -> tuple[int, str]:
    """The number and hash of the last entry; (0, '') where there is none."""
    last = Entry.objects.order_by("-seq").values_list("seq", "hash").first()
    return last or (0, "")


def lines(after: int = 0, upto: int | None = None) -> Iterator[Line]:
    """The chain in order, in constant memory, as far as `upto`."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {_LINE_COLUMNS} FROM registry_entry"  # noqa: S608 (constant columns)
                " WHERE seq > %s AND (%s::bigint IS NULL OR seq <= %s) ORDER BY seq LIMIT %s",
                [after, upto, upto, _BATCH],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            for row in rows:
                yield Line(*row)
            after = rows[-1][0]


def last_states(
    model: type[Governed], after: uuid.UUID | None
) -> list[tuple[Any, ...]]:  # Any: column values
    """The next rows by id, each with the row version and body of its last entry."""
    label = model._meta.label_lower
    latest = (
        Entry.objects.filter(subject_id=models.OuterRef("pk"), subject_type=label)
        .order_by("-row_version", "-seq")
        .values("body")[:1]
    )
    version = (
        Entry.objects.filter(subject_id=models.OuterRef("pk"), subject_type=label)
        .order_by("-row_version", "-seq")
        .values("row_version")[:1]
    )
    rows = model._base_manager.order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    annotated = rows.annotate(
        entry_body=models.Subquery(latest), entry_version=models.Subquery(version)
    )
    return [(row, row.entry_version, row.entry_body) for row in annotated[:_BATCH]]


def altered_columns(row: Governed, body: str) -> list[str]:
    """The recorded columns whose live value is another one."""
    recorded = json.loads(body).get("state", {})
    live = state_of(row)
    return sorted(name for name, value in recorded.items() if name in live and live[name] != value)


def state_as_of(
    subject_id: uuid.UUID, moment: dt.datetime, *, believed_at: dt.datetime | None = None
) -> dict[str, Any] | None:  # Any: JSON
    """What was true of the subject at `moment`, as it was believed at `believed_at` (now)."""
    entries = Entry.objects.filter(subject_id=subject_id, effective_at__lte=moment)
    if believed_at is not None:
        entries = entries.filter(recorded_at__lte=believed_at)
    body = entries.order_by("-row_version", "-seq").values_list("body", flat=True).first()
    return json.loads(body).get("state") if body else None


def next_code(prefix: str) -> str:
    """A new permanent business key, such as AIM-2026-000042. Numbers are never used twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('mingce_codes')")
        (number,) = cursor.fetchone()
    return f"{prefix}-{clock.today().year}-{number:06d}"
