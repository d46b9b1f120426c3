"""Entries and warrants by raw SQL, past the services: what only the database can refuse."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from registry.core import clock
from registry.core.ledger import queries, rules
from registry.core.ledger.models import Entry, Governed
from tests.refusals import execute
from tests.world import head_office


def forge(**columns: object) -> Entry:
    values: dict[str, Any] = {
        "uid": uuid.uuid4(),
        "act": uuid.uuid4(),
        "kind": "entity.looked_at",
        "actor": uuid.uuid4(),
        "subject_type": "registry.legalentity",
        "subject_id": head_office().pk,
        "row_version": 1,
        "digest": "",
        "effective_at": clock.now(),
        "recorded_at": clock.now(),
        "body": rules.canonical({"state": queries.state_of(head_office())}),
        "seq": 999_999,
        "prev": "f" * 64,
        "hash": "f" * 64,
        "xid": "1",
    } | columns
    names = ", ".join(values)
    marks = ", ".join("%s::text::xid8" if name == "xid" else "%s" for name in values)
    execute(f"INSERT INTO registry_entry ({names}) VALUES ({marks})", *values.values())  # noqa: S608
    return Entry.objects.get(uid=values["uid"])


def about(row: Governed, state: dict[str, Any], **columns: object) -> Entry:  # Any: JSON
    """An entry of raw SQL about the row's next version: its state, changed in `state`."""
    told: dict[str, object] = {
        "subject_type": row._meta.label_lower,
        "subject_id": row.pk,
        "row_version": row.row_version + 1,
        "body": rules.canonical({"state": queries.state_of(row) | state}),
    }
    return forge(**told | columns)


def append(**changed: Any) -> int:  # Any: column values
    """An entry that only a superuser can write, with the triggers off: soundly chained.

    It repeats the last entry but for the columns given. Returns its number.
    """
    seq, _ = queries.head()
    (last,) = queries.lines(after=seq - 1)
    told: dict[str, Any] = {
        "seq": seq + 1,
        "prev": last.hash,
        "uid": str(uuid.uuid4()),
        "digest": "",
    }
    line = dataclasses.replace(last, **(told | changed))
    columns = dataclasses.asdict(dataclasses.replace(line, hash=rules.entry_hash(line)))
    marks = ", ".join(["%s"] * len(columns))
    execute("SET LOCAL session_replication_role = replica")
    execute(
        f"INSERT INTO registry_entry ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 (constant names)
        *columns.values(),
    )
    execute("SET LOCAL session_replication_role = origin")
    return seq + 1
