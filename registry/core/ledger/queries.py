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
_MICROSECONDS = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_BATCH = 2_000
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
            f" AND (e.body::jsonb -> 'state') = (to_jsonb(s) || {_spelled(model)}), false)"
            f' FROM (SELECT * FROM "{model._meta.db_table}" WHERE %s::uuid IS NULL OR id > %s'
            f" ORDER BY id LIMIT %s) v CROSS JOIN LATERAL (SELECT {kept}) s"
            " LEFT JOIN LATERAL (SELECT row_version, body FROM registry_entry"
            " WHERE subject_id = v.id AND subject_type = %s"
            " ORDER BY row_version DESC, seq DESC LIMIT 1) e ON true ORDER BY v.id",
            [after, after, COMPARED, model._meta.label_lower],
        )
        return list(cursor.fetchall())


def next_keys(model: type[Governed], after: uuid.UUID | None) -> list[uuid.UUID]:
    """The ids of the rows that `compared` would look at next."""
    rows = model._base_manager.order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.values_list("pk", flat=True)[:COMPARED])


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


def purposes() -> list[str]:
    """The kinds of entries that are granted to be spent, as the models' guards name them."""
    found = {
        getattr(trigger, "spends", "")
        for model in apps.get_models()
        for trigger in getattr(model._meta, "triggers", ())
    }
    return sorted(found - {""})


def unmatched_uses(most: int) -> list[tuple[uuid.UUID, int]]:
    """Spent warrants that match no entry: the first, each with how many there are."""
    return _first(
        "SELECT w.entry_id, count(*) OVER () FROM registry_warrantuse w"
        " LEFT JOIN registry_entry e ON e.uid = w.entry_id AND e.kind = w.purpose"
        " AND e.subject_id = w.subject_id AND e.subject_type = w.subject_type"
        " AND e.digest = w.digest WHERE e.uid IS NULL ORDER BY w.entry_id LIMIT %s",
        [most],
    )


def unspent_grants(most: int) -> list[tuple[int, int]]:
    """Entries that grant a change and have no use: the first, each with how many there are."""
    return _first(
        "SELECT e.seq, count(*) OVER () FROM registry_entry e"
        " LEFT JOIN registry_warrantuse w ON w.entry_id = e.uid"
        " WHERE e.kind = ANY (%s) AND w.entry_id IS NULL ORDER BY e.seq LIMIT %s",
        [purposes(), most],
    )


def told_otherwise(most: int) -> list[tuple[int, int]]:
    """Entries that tell a row version otherwise than its first entry does, and how many."""
    return _first(
        # Materialized: joined otherwise, the planner may compare the bodies of far more pairs.
        "WITH told AS MATERIALIZED (SELECT subject_type, subject_id, row_version, min(seq) AS seq"
        " FROM registry_entry GROUP BY 1, 2, 3 HAVING count(*) > 1),"
        " pairs AS MATERIALIZED (SELECT told.seq AS earlier, e.seq AS later FROM told"
        " JOIN registry_entry e USING (subject_id, row_version, subject_type)"
        " WHERE e.seq > told.seq)"
        " SELECT e.seq, count(*) OVER () FROM pairs"
        " JOIN registry_entry f ON f.seq = pairs.earlier"
        " JOIN registry_entry e ON e.seq = pairs.later"
        " WHERE mingce_retold(f.body, e.body) IS NOT NULL ORDER BY e.seq LIMIT %s",
        [most],
    )


def _first(statement: str, parameters: list[Any]) -> list[Any]:  # Any: whatever the rows hold
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


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
