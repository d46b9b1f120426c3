"""Verification: the chain, its anchors, the warrants' entries, and the live rows against it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DataError, connection, transaction

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
    for label, pk in queries.without_rows():
        report.add(f"{label} {pk} was deleted")
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
    """Every live row is what its last entry says."""
    after: uuid.UUID | None = None
    done = 0
    while batch := _compared(model, after):
        for pk, is_same in batch:
            if not is_same:
                _row(report, model, pk)
        after = batch[-1][0]
        done += len(batch)
        if len(batch) == queries.COMPARED:
            tell(model._meta.label_lower, done, done)
    report.rows += done
    tell(model._meta.label_lower, done, done)


def _compared(model: type[Governed], after: uuid.UUID | None) -> list[tuple[uuid.UUID, bool]]:
    """The next rows; all of them for a closer look where an altered entry is not even JSON."""
    try:
        with transaction.atomic():
            return queries.compared(model, after)
    except DataError:
        return [(pk, False) for pk in queries.next_keys(model, after)]


def _row(report: Report, model: type[Governed], pk: uuid.UUID) -> None:
    """A closer look at a row that the database did not vouch for."""
    label = model._meta.label_lower
    row, version, body = queries.last_state(model, pk)
    if version is None:
        report.add(f"{label} {pk} has no ledger entry")
    elif version != row.row_version:
        report.add(f"{label} {pk} is at version {row.row_version}, recorded {version}")
    else:
        try:
            columns = queries.altered_columns(row, body)
        except ValueError:
            report.add(f"the last entry of {label} {pk} is not JSON")
        else:
            if columns:
                report.add(f"{label} {pk} was altered in {', '.join(columns)}")
