"""Reading decisions: where one lies, what proves it, how well people oversee."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection, models

from governance.checkpoints.models import Batch, Case, Decision, DecisionKey, Seal
from governance.checkpoints.models.cases import CaseKind
from governance.checkpoints.rules import merkle
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.releases import queries as releases

CHUNK = 500


def told_by(gateway: User, reference: str) -> dict[str, Any] | None:  # Any: JSON
    """What has become of a decision that the gateway told, by its reference."""
    key = DecisionKey.objects.filter(gateway=gateway, reference=reference).first()
    if key is None:
        return None
    answer = (
        Decision.objects.filter(
            received_at=key.received_at, batch_id=key.batch_id, position=key.position
        )
        .values_list("answer", flat=True)
        .get()
    )
    case = Case.objects.filter(gateway=gateway, reference=reference, kind=CaseKind.HELD).first()
    return {
        "reference": reference,
        "answer": answer,
        "decision": f"{key.batch_id}-{key.position}",
        "received_at": key.received_at,
        "case": shown(case) if case else None,
    }


def page_of(case: Case) -> str:
    """The address of the page on which a person decides the case."""
    return f"{settings.PUBLIC_URL}/cases/{case.pk}/"


def shown(case: Case) -> dict[str, Any]:  # Any: JSON
    """The case as its gateway reads it: no reviewer's name, and no view that does not hold yet."""
    holds = case.state == "decided"
    return {
        "id": case.pk, "code": case.code, "state": case.state, "due_at": case.due_at,
        "outcome": case.outcome, "final_output": case.final_output if holds else "",
        "effect": case.effect, "reason_code": case.reason_code if holds else "",
        "decided_at": case.decided_at, "page": page_of(case),
        "question": "" if case.reply else case.question,
    }  # fmt: skip


def told_of(row: Case) -> dict[str, Any]:  # Any: JSON
    """What the gateway told of the case's decision."""
    body = (
        Decision.objects.filter(
            received_at=row.received_at, batch_id=row.batch_id, position=row.position
        )
        .values_list("body", flat=True)
        .get()
    )
    found: dict[str, Any] = json.loads(body)["told"]  # Any: JSON
    return found


def visible_to(user: User) -> models.QuerySet[Decision]:
    """The decisions of the releases that the person may see."""
    return Decision.objects.filter(release_id__in=releases.visible_ids(user))


def proof_of(
    visible: models.QuerySet[Decision], batch_id: int, position: int
) -> dict[str, Any] | None:  # Any: JSON
    """What proves the decision offline: its text, the ways to both roots, the ledger's entry.

    None where there is no such decision among them; `seal` is None while it is not sealed yet.
    """
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        return None
    here = {"received_at": batch.received_at, "batch_id": batch.pk, "position": position}
    if not visible.filter(**here).exists():
        return None
    rows = list(_bodies(batch))
    rank = [place for place, _body in rows].index(position)
    leaves = [merkle.leaf(body.encode()) for _place, body in rows]
    return {
        "decision": rows[rank][1],
        "batch": {"root": batch.root, "path": _steps(merkle.path(leaves, rank))},
        "seal": _seal_of(batch),
    }  # fmt: skip


def _seal_of(batch: Batch) -> dict[str, Any] | None:  # Any: JSON
    row = Seal.objects.filter(first_batch__lte=batch.pk, last_batch__gte=batch.pk).first()
    if row is None:
        return None
    roots = list(
        Batch.objects.filter(id__range=(row.first_batch, row.last_batch))
        .order_by("id")
        .values_list("id", "root")
    )
    rank = [number for number, _root in roots].index(batch.pk)
    entry = Entry.objects.get(subject_id=row.pk, kind="decisions.sealed")
    return {
        "root": row.root,
        "path": _steps(merkle.path([bytes.fromhex(root) for _number, root in roots], rank)),
        "entry": {"seq": entry.seq, "uid": str(entry.uid), "hash": entry.hash},
    }


def _steps(path: list[tuple[str, bytes]]) -> list[list[str]]:
    return [[side, digest.hex()] for side, digest in path]


def _bodies(batch: Batch) -> Iterator[tuple[int, str]]:
    rows = Decision.objects.filter(received_at=batch.received_at, batch_id=batch.pk)
    return iter(rows.order_by("position").values_list("position", "body"))


def last_number() -> int:
    """The last batch's number that was given out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(pg_sequence_last_value('governance_batch_number'), 0)")
        (number,) = cursor.fetchone()
    return int(number)


def unsound_seals(most: int) -> list[tuple[str, int]]:
    """Decisions, batches and seals that do not fit together: the first in words, and how many.

    Reads every batch that has been sealed, in constant memory.
    """
    faults: list[str] = []
    before = 0
    for row in Seal.objects.order_by("last_batch").iterator(CHUNK):
        if row.first_batch != before + 1:
            faults.append(f"decisions: seal {row} does not follow the one before")
        before = row.last_batch
        faults += _faults_under(row)
    for statement, words in _STRAYS:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            faults += [f"decisions: {place} {words}" for (place,) in cursor.fetchall()]
    return [(fault, len(faults)) for fault in faults[:most]]


def _faults_under(row: Seal) -> list[str]:
    faults, roots, decisions = [], [], 0
    batches = Batch.objects.filter(id__range=(row.first_batch, row.last_batch)).order_by("id")
    for batch in batches.iterator(CHUNK):
        leaves = [merkle.leaf(body.encode()) for _place, body in _bodies(batch)]
        if merkle.root(leaves).hex() != batch.root or len(leaves) != batch.size:
            faults.append(f"decisions: batch {batch.pk} is not what its root covers")
        roots.append(bytes.fromhex(batch.root))
        decisions += batch.size
    if (merkle.root(roots).hex(), len(roots), decisions) != (
        row.root, row.batches, row.decisions,
    ):  # fmt: skip
        faults.append(f"decisions: seal {row} is not what its root covers")
    return faults


# What no root covers, or what differs from the text that one does.
_STRAYS = (
    (
        "SELECT concat(d.batch_id, '-', d.position) FROM governance_decision d"
        " LEFT JOIN registry_release r ON r.id = d.release_id"
        " WHERE answer IS DISTINCT FROM body::json->>'answer'"
        " OR plan_id::text IS DISTINCT FROM body::json->>'plan'"
        " OR r.code IS DISTINCT FROM body::json->'told'->>'release' ORDER BY batch_id, position"
        " LIMIT 100",
        "differs from its text",
    ),
    (
        "SELECT concat(d.batch_id, '-', d.position) FROM governance_decision d"
        " LEFT JOIN governance_batch b ON b.id = d.batch_id AND b.received_at = d.received_at"
        " WHERE b.id IS NULL ORDER BY d.batch_id, d.position"
        " LIMIT 100",
        "lies in no batch",
    ),
    (
        "SELECT concat('batch ', id) FROM governance_batch WHERE id < 1"
        " OR id > coalesce(pg_sequence_last_value('governance_batch_number'), 0) ORDER BY id"
        " LIMIT 100",
        "has a number that was not given out",
    ),
    (
        "SELECT concat('reference ', k.reference) FROM governance_decisionkey k"
        " LEFT JOIN governance_decision d USING (received_at, batch_id, position)"
        " WHERE d.batch_id IS NULL ORDER BY k.reference"
        " LIMIT 100",
        "leads to no decision",
    ),
)
