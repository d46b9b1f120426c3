"""Reading the ledger: the state of a row, the chain, what was true on a date."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection, models

from registry.core import clock
from registry.core.ledger.models import Entry, Governed
from registry.core.ledger.rules import Line, body_of, personal_digest, plain

_LINE_COLUMNS = (
    "seq, uid::text, act::text, kind, actor::text, subject_type, subject_id::text, row_version,"
    " digest, mingce_utc(effective_at), mingce_utc(recorded_at), body, prev, hash"
)
_MICROSECONDS = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_BATCH = 2_000
_BATCH_BYTES = 8 * 1024 * 1024
COMPARED = 10_000
_NOT_STATE = frozenset({"id", "row_version", "created_at"})


def governed_models() -> list[type[Governed]]:
    """Every table whose rows have entries."""
    return [model for model in apps.get_models() if issubclass(model, Governed)]


def state_of(row: Governed) -> dict[str, Any]:  # Any: JSON
    """The row's columns as canonical JSON values; personal fields as salted digests."""
    state: dict[str, Any] = {}  # Any: JSON
    for column in _state_columns(type(row)):
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
    """The chain in order, in constant memory whatever the bodies' size, as far as `upto`."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {_LINE_COLUMNS} FROM (SELECT *, sum(octet_length(body))"  # noqa: S608 (constant columns)
                " OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before"
                " FROM (SELECT * FROM registry_entry WHERE seq > %s"
                " AND (%s::bigint IS NULL OR seq <= %s) ORDER BY seq LIMIT %s) b) w"
                " WHERE before IS NULL OR before < %s ORDER BY seq",
                [after, upto, upto, _BATCH, _BATCH_BYTES],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            for row in rows:
                yield Line(*row)
            after = rows[-1][0]


def compared(model: type[Governed], after: uuid.UUID | None) -> list[tuple[uuid.UUID, bool]]:
    """The next rows by id, each with whether it is plainly as its last entry says.

    The database compares, so that no state travels: whoever could make it lie here could make it
    lie about the rows themselves. What it cannot compare (columns added since) it does not vouch
    for; `altered_columns` then looks closely.
    """
    kept = ", ".join(f'"{column.column}"' for column in _state_columns(model))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.id, coalesce(e.row_version = v.row_version"  # noqa: S608 (own names)
            f" AND mingce_told(e.body, 'state') = (to_jsonb(s) || {_spelled(model)}), false)"
            f' FROM (SELECT * FROM "{model._meta.db_table}" WHERE %s::uuid IS NULL OR id > %s'
            f" ORDER BY id LIMIT %s) v CROSS JOIN LATERAL (SELECT {kept}) s"
            " LEFT JOIN LATERAL (SELECT row_version, body FROM registry_entry"
            " WHERE subject_id = v.id AND subject_type = %s"
            " ORDER BY row_version DESC, seq DESC LIMIT 1) e ON true ORDER BY v.id",
            [after, after, COMPARED, model._meta.label_lower],
        )
        return list(cursor.fetchall())


def _state_columns(model: type[Governed]) -> list[Any]:  # Any: Django's fields are generic
    """The columns that entries hold."""
    left_out = _NOT_STATE | frozenset(model.derived_fields)
    return [column for column in model._meta.concrete_fields if column.attname not in left_out]


def _spelled(model: type[Governed]) -> str:
    """SQL for the columns that canonical JSON spells otherwise than the database does."""
    spelled = []
    for column in _state_columns(model):
        if isinstance(column, models.DateTimeField):
            moment = f"s.\"{column.column}\" AT TIME ZONE 'UTC'"
            spelled.append(f"'{column.attname}', to_char({moment}, '{_MICROSECONDS}')")
        elif isinstance(column, models.DecimalField):
            spelled.append(f"'{column.attname}', s.\"{column.column}\"::text")
        elif column.attname in model.personal_fields:
            told = f"s.salt || coalesce(to_jsonb(s.\"{column.column}\")::text, 'null')"
            digest = f"'salted:' || encode(sha256(convert_to({told}, 'UTF8')), 'hex')"
            spelled.append(f"'{column.attname}', {digest}")
    return f"jsonb_build_object({', '.join(spelled)})"


def without_rows(most: int) -> Iterator[tuple[str, uuid.UUID, int]]:
    """Rows that the ledger knows and their table does not: the first of each label, and how many.

    Label and id, then the number of such rows under that label.
    """
    tables = {model._meta.label_lower: model._meta.db_table for model in governed_models()}
    missing = "NOT EXISTS (SELECT 1 FROM {} t WHERE t.id = e.subject_id)"
    branches = " ".join(
        f"WHEN '{label}' THEN {missing.format(table)}" for label, table in tables.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT label, id, total FROM (SELECT *, count(*) OVER (PARTITION BY label) AS total,"  # noqa: S608
            " row_number() OVER (PARTITION BY label ORDER BY id) AS place FROM ("
            "SELECT DISTINCT e.subject_type AS label, e.subject_id AS id FROM registry_entry e"
            f" WHERE CASE e.subject_type {branches} ELSE false END) d) n"
            " WHERE place <= %s ORDER BY label, id",
            [most],
        )
        yield from cursor.fetchall()


def last_state(model: type[Governed], pk: uuid.UUID) -> tuple[Governed, int | None, str]:
    """The row, with the row version and body of its last entry (None where it has none)."""
    entry = (
        Entry.objects.filter(subject_id=pk, subject_type=model._meta.label_lower)
        .order_by("-row_version", "-seq")
        .values_list("row_version", "body")
        .first()
    )
    return model._base_manager.get(pk=pk), *(entry or (None, ""))


def altered_columns(row: Governed, body: str) -> list[str]:
    """The recorded columns whose live value is another one. Raises ValueError for a bad body."""
    recorded = body_of(body).get("state", {})
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
    return body_of(body).get("state") if body else None


def next_code(prefix: str) -> str:
    """A new permanent business key, such as AIM-2026-000042. Numbers are never used twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('mingce_codes')")
        (number,) = cursor.fetchone()
    return f"{prefix}-{clock.today().year}-{number:06d}"
