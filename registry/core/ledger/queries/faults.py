"""What the database is asked in a verification: warrants, guards, and what hides in past entries.

Every answer is the first few, each with how many there are in all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection

from registry.core.ledger.guards import Guard
from registry.core.ledger.queries import governed_models

SALTED = "^salted:[0-9a-f]{64}$"


def guards() -> Iterator[tuple[Any, Guard]]:  # Any: a model class, as pgtrigger takes it
    """Every guard that the models declare, with its model."""
    for model in apps.get_models():
        for trigger in getattr(model._meta, "triggers", ()):
            if isinstance(trigger, Guard):
                yield model, trigger


def purposes() -> list[str]:
    """The kinds of entries that are granted to be spent, as the models' guards name them."""
    return sorted({purpose for _model, guard in guards() for purpose in guard.spends})


def unmatched_uses(most: int) -> list[tuple[Any, int]]:  # Any: a uuid
    """Spent warrants that match no entry about the version before, or changed no version."""
    return _first(
        "SELECT w.entry_id, count(*) OVER () FROM registry_warrantuse w"
        " LEFT JOIN registry_entry e ON e.uid = w.entry_id AND e.kind = w.purpose"
        " AND e.subject_id = w.subject_id AND e.subject_type = w.subject_type"
        " AND e.digest = w.digest AND e.row_version = w.row_version - 1"
        " WHERE e.uid IS NULL OR NOT EXISTS (SELECT FROM registry_entry c"
        " WHERE c.subject_id = w.subject_id AND c.row_version = w.row_version"
        " AND c.subject_type = w.subject_type) ORDER BY w.entry_id LIMIT %s",
        [most],
    )


def unspent_grants(most: int) -> list[tuple[int, int]]:
    """Entries that grant a change and have no use."""
    return _first(
        "SELECT e.seq, count(*) OVER () FROM registry_entry e"
        " LEFT JOIN registry_warrantuse w ON w.entry_id = e.uid"
        " WHERE e.kind = ANY (%s) AND w.entry_id IS NULL ORDER BY e.seq LIMIT %s",
        [purposes(), most],
    )


def unwarranted(most: int) -> list[tuple[int, int]]:
    """Entries of a version in which something changed that no spent warrant grants.

    The whole history is read, version by version. Grants of approvals that are older than the
    first one that tells its day are held to their state alone (see `undated_grants`).
    """
    asked = _asked()
    branches = " ".join(f"WHEN '{label}' THEN {' OR '.join(ors)}" for label, ors in asked.items())
    return _first(
        "WITH told AS (SELECT DISTINCT ON (e.subject_type, e.subject_id, e.row_version)"  # noqa: S608 (own names)
        " e.seq, e.subject_type, e.subject_id, e.row_version,"
        " mingce_told(e.body, 'state') || jsonb_build_object("
        "'id', e.subject_id, 'row_version', e.row_version) AS becomes"
        " FROM registry_entry e WHERE e.subject_type = ANY (%s)"
        " ORDER BY e.subject_type, e.subject_id, e.row_version, e.seq),"
        " steps AS (SELECT *, coalesce(lag(becomes) OVER (PARTITION BY subject_type, subject_id"
        " ORDER BY row_version), '{}') AS was FROM told)"
        " SELECT s.seq, count(*) OVER () FROM steps s"
        f" WHERE CASE s.subject_type {branches} ELSE false END ORDER BY s.seq LIMIT %s",
        [list(asked), most],
    )


def _asked() -> dict[str, list[str]]:
    """By label: each guard's condition that a version changed something and had no warrant."""
    dated = (
        "SELECT min(seq) FROM registry_entry WHERE kind = 'approval.granted'"
        " AND mingce_told(body, 'facts') ? 'until'"
    )
    facts = (
        f"CASE WHEN g.seq >= ({dated}) THEN '{{}}'"
        " ELSE jsonb_build_object('until', s.becomes -> 'approved_until') END"
        " || mingce_told(g.body, 'facts')"
    )
    found: dict[str, list[str]] = {}
    for model, guard in guards():
        if guard.spends:
            purposes_ = ", ".join(f"'{purpose}'" for purpose in guard.spends)
            found.setdefault(model._meta.label_lower, []).append(
                f"(({guard.needed}) AND NOT EXISTS (SELECT FROM registry_warrantuse w"  # noqa: S608 (own names)
                " JOIN registry_entry g ON g.uid = w.entry_id"
                " WHERE w.subject_id = s.subject_id AND w.row_version = s.row_version"
                f" AND w.purpose IN ({purposes_})"
                f" AND mingce_grants(w.purpose, w.digest, {facts}, s.was, s.becomes)))"
            )
    return found


def undated_grants() -> int:
    """How many grants of approvals do not tell until when they hold."""
    statement = (
        "SELECT count(*) FROM registry_entry WHERE kind = 'approval.granted'"
        " AND NOT mingce_told(body, 'facts') ? 'until'"
    )
    ((count,),) = _first(statement, [])
    return int(count)


def unsalted(most: int) -> list[tuple[int, int]]:
    """Entries of any version that tell a personal column otherwise than as a salted digest.

    Whether the digest of a past version is the true one cannot be asked: its value is gone.
    """
    personal = {
        model._meta.label_lower: ", ".join(f"'{name}'" for name in model.personal_fields)
        for model in governed_models()
        if model.personal_fields
    }
    branches = " ".join(f"WHEN '{label}' THEN ARRAY[{names}]" for label, names in personal.items())
    return _first(
        "SELECT e.seq, count(*) OVER () FROM registry_entry e"  # noqa: S608 (own names)
        " CROSS JOIN LATERAL (SELECT mingce_told(e.body, 'state') AS state) t"
        " WHERE e.subject_type = ANY (%s) AND EXISTS (SELECT FROM"
        f" unnest(CASE e.subject_type {branches} END) name WHERE t.state ? name"
        f" AND coalesce(t.state ->> name, '') !~ '{SALTED}') ORDER BY e.seq LIMIT %s",
        [list(personal), most],
    )


def told_otherwise(most: int) -> list[tuple[int, int]]:
    """Entries that tell a row version otherwise than its first entry does."""
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


def strange_subjects(most: int) -> list[tuple[str, int, int]]:
    """Subject types that are no governed table: each with its first entry and how many it has."""
    labels = [model._meta.label_lower for model in governed_models()]
    return _first(
        "SELECT subject_type, min(seq), count(*) FROM registry_entry"
        " WHERE subject_type <> ALL (%s) GROUP BY 1 ORDER BY 2 LIMIT %s",
        [labels, most],
    )


def loose_guards() -> list[str]:
    """The guards that the database lacks, has switched off, or has made to run something else."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname, t.tgenabled IN ('O', 'A'), p.proname, t.tgargs"
            " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace"
        )
        held = {(table, name): told for table, name, *told in cursor.fetchall()}
    found = []
    for model, guard in guards():
        table = model._meta.db_table
        told = held.get((table, guard.get_pgid(model)))
        if told is None:
            found.append(f"the guard {guard.name} of {table} is missing")
            continue
        is_on, function, arguments = told
        given = bytes(arguments).decode().split("\0")[:-1]
        if not is_on:
            found.append(f"the guard {guard.name} of {table} is switched off")
        elif (function, given) != _call(guard.render_execute(model)):
            found.append(f"the guard {guard.name} of {table} runs something else")
    return found


def _call(runs: str) -> tuple[str, list[str]]:
    """The function that a guard runs and its arguments."""
    name, _, arguments = runs.partition("(")
    return name, re.findall(r"'([^']*)'", arguments)


def _first(statement: str, parameters: list[Any]) -> list[Any]:  # Any: whatever the rows hold
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
