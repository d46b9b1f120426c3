"""Verification: the chain, its anchors, the warrants' entries, and the live rows against it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db import connection

from registry.core.ledger import queries
from registry.core.ledger.models import Governed
from registry.core.ledger.rules import Line, fault_in
from registry.core.ledger.services.anchoring import Anchor, anchors, public_key

Progress = Callable[[str, int, int], None]
MOST_FAULTS = 20


@dataclass
class Report:
    """What verification found: counts, and the faults, the first bad entry first."""

    entries: int = 0
    anchors: int = 0
    rows: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults

    def add(self, fault: str) -> None:
        """Keeps the first faults; a broken ledger could name millions."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)


def verify(progress: Progress | None = None) -> Report:
    """Reads the whole ledger, then every governed row, in constant memory."""
    report = Report()
    tell = progress or (lambda stage, done, total: None)
    _chain(report, tell)
    _warrants(report)
    for model in queries.governed_models():
        _rows(report, model, tell)
    return report


def _chain(report: Report, tell: Progress) -> None:
    total, _ = queries.head()
    waiting = anchors()
    anchored = next(waiting, None)
    before: Line | None = None
    for line in queries.lines():
        fault = fault_in(line, before)
        if fault:
            report.add(fault)
            return
        report.entries += 1
        while anchored is not None and anchored.seq <= line.seq:
            _anchor(report, anchored, line)
            anchored = next(waiting, None)
        before = line
        if report.entries % 5_000 == 0:
            tell("entries", report.entries, total)
    tell("entries", report.entries, total)
    if anchored is not None:
        report.add(
            f"the ledger ends at entry {report.entries}, but entry {anchored.seq} was anchored"
        )


def _anchor(report: Report, anchored: Anchor, line: Line) -> None:
    report.anchors += 1
    if not anchored.is_signed_by(public_key()):
        report.add(f"the anchor of entry {anchored.seq} is not signed by the key")
    elif anchored.seq == line.seq and anchored.hash != line.hash:
        report.add(f"entry {line.seq} is not the one that was anchored at {anchored.at}")


def _warrants(report: Report) -> None:
    """Every spent warrant is an entry of its kind, about its subject, with its digest."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.entry_id FROM registry_warrantuse w LEFT JOIN registry_entry e"
            " ON e.uid = w.entry_id AND e.kind = w.purpose AND e.subject_id = w.subject_id"
            " AND e.subject_type = w.subject_type AND e.digest = w.digest"
            " WHERE e.uid IS NULL LIMIT %s",
            [MOST_FAULTS],
        )
        for (entry_id,) in cursor.fetchall():
            report.add(f"the spent warrant {entry_id} matches no entry")


def _rows(report: Report, model: type[Governed], tell: Progress) -> None:
    label = model._meta.label_lower
    done = 0
    for row, version, body in _live_rows(model):
        done += 1
        if version is None:
            report.add(f"{label} {row.pk} has no ledger entry")
        elif version != row.row_version:
            report.add(f"{label} {row.pk} is at version {row.row_version}, recorded {version}")
        else:
            columns = queries.altered_columns(row, body)
            if columns:
                report.add(f"{label} {row.pk} was altered in {', '.join(columns)}")
        if done % 5_000 == 0:
            tell(label, done, done)
    report.rows += done
    _missing_rows(report, model)
    tell(label, done, done)


def _live_rows(model: type[Governed]) -> Iterator[tuple[Governed, int | None, str]]:
    after: uuid.UUID | None = None
    while batch := queries.last_states(model, after):
        yield from batch
        after = batch[-1][0].pk


def _missing_rows(report: Report, model: type[Governed]) -> None:
    """Rows that the ledger knows and the table does not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT e.subject_id FROM registry_entry e"  # noqa: S608 (own table name)
            f' LEFT JOIN "{model._meta.db_table}" t ON t.id = e.subject_id'
            " WHERE e.subject_type = %s AND t.id IS NULL LIMIT %s",
            [model._meta.label_lower, MOST_FAULTS],
        )
        for (subject_id,) in cursor.fetchall():
            report.add(f"{model._meta.label_lower} {subject_id} was deleted")
