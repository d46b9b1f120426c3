"""Verification: the chain, its anchors, guards and warrants, and the live rows against it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop

from registry.core import clock
from registry.core.ledger import queries
from registry.core.ledger.models import Governed
from registry.core.ledger.queries import faults
from registry.core.ledger.rules import TOLERANCE, Line, fault_in, oddity_in, plain
from registry.core.ledger.services.anchoring import EVERY_ENTRIES, Anchor, anchors, public_key
from registry.core.ledger.services.granting import clock_is_free

Progress = Callable[[str, int, int], None]
MOST_OF_A_KIND = 5


@dataclass
class Report:
    """What verification found: counts, notes, and the faults, the first bad entry first."""

    entries: int = 0
    anchors: int = 0
    rows: int = 0
    notes: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    @property
    def faults(self) -> list[str]:
        """The first of each kind in words, and how many more there are of it."""
        told: list[str] = []
        for about, kept in self.kept.items():
            told.extend(kept)
            more = self.counts[about] - len(kept)
            if more:
                told.append(f"… and {more:,} more about {about}")
        return told

    def add(self, about: str, fault: str, total: int | None = None) -> None:
        """The fault counts; it is kept if it is among the first about this table or kind.

        total: how many there are in all, where the caller knows and names only the first.
        """
        kept = self.kept.setdefault(about, [])
        self.counts[about] = total or self.counts.get(about, 0) + 1
        if len(kept) < MOST_OF_A_KIND:
            kept.append(fault)


Check = Callable[[int], list[tuple[str, int]]]
_checks: dict[str, Check] = {}


def declare_check(about: str, check: Check) -> None:
    """Verification also asks this; called when the apps are ready.

    check: given how many are named at most, the first faults in words, each with how many there
    are in all.
    """
    _checks[about] = check


def verify(progress: Progress | None = None) -> Report:
    """Reads the whole ledger, then every governed row, in constant memory."""
    report = Report()
    tell = progress or (lambda stage, done, total: None)
    _chain(report, tell)
    _versions(report)
    _warrants(report)
    for model in queries.governed_models():
        _rows(report, model, tell)
    for label, pk, total in queries.without_rows(MOST_OF_A_KIND):
        report.add(f"deleted rows of {label}", f"{label} {pk} was deleted", total)
    _guards(report)
    for about, check in _checks.items():
        for fault, total in check(MOST_OF_A_KIND):
            report.add(about, fault, total)
    return report


SET_CLOCK = gettext_noop("this database lets its clock be set: no entry's time was checked")


def _chain(report: Report, tell: Progress) -> None:
    total, _ = queries.head()
    waiting = _anchors(report)
    anchored = next(waiting, None)
    before: Line | None = None
    latest = "" if clock_is_free() else plain(clock.now() + TOLERANCE)
    if not latest:
        report.notes.append(SET_CLOCK)
    for line in queries.lines():
        fault = fault_in(line, before)
        if fault:
            report.add("the chain", fault)
            return
        oddity = oddity_in(line, before, latest)
        if oddity:
            report.add("entries", oddity)
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
            "the chain",
            f"the ledger ends at entry {report.entries}, but entry {anchored.seq} was anchored",
        )
    elif not report.anchors and report.entries:
        _unanchored(report)


def _anchors(report: Report) -> Iterator[Anchor]:
    """The anchors, as far as their file can be read."""
    try:
        yield from anchors()
    except (ValueError, TypeError) as error:
        report.add("anchors", f"the file of anchors cannot be read: {error}")


def _unanchored(report: Report) -> None:
    """Without any anchor nothing shows that the chain was not written anew."""
    told = f"no anchor covers the ledger's {report.entries:,} entries"
    if report.entries >= EVERY_ENTRIES:
        report.add("anchors", told)
    else:
        report.notes.append(told)


def _anchor(report: Report, anchored: Anchor, line: Line) -> None:
    report.anchors += 1
    if not anchored.is_signed_by(public_key()):
        report.add("anchors", f"the anchor of entry {anchored.seq} is not signed by the key")
    elif anchored.seq < line.seq:
        report.add("anchors", f"the anchor of entry {anchored.seq} stands after a later one")
    elif anchored.hash != line.hash:
        told = f"entry {line.seq} is not the one that was anchored at {anchored.at}"
        report.add("anchors", told)


def _guards(report: Report) -> None:
    """Every guard is in the database, is on, and runs what it should."""
    for fault in faults.loose_guards():
        report.add("guards", fault)


def _versions(report: Report) -> None:
    """Every entry of a row version tells it as the first one does, and nothing personal openly."""
    for seq, total in faults.told_otherwise(MOST_OF_A_KIND):
        fault = f"entry {seq} tells its row version otherwise than an earlier entry"
        report.add("row versions", fault, total)
    for seq, total in faults.unsalted(MOST_OF_A_KIND):
        fault = f"entry {seq} tells something personal otherwise than as a salted digest"
        report.add("personal columns", fault, total)
    for label, seq, total in faults.strange_subjects(MOST_OF_A_KIND):
        report.add("entries", f"entry {seq} is about nothing governed: {label}", total)


def _warrants(report: Report) -> None:
    """Every spent warrant is an entry about the version that it changed; every grant is spent.

    And in no version of a row has changed what only a warrant permits, without one that grants it.
    """
    for entry, total in faults.unmatched_uses(MOST_OF_A_KIND):
        report.add("spent warrants", f"the spent warrant {entry} matches no entry", total)
    for seq, total in faults.unspent_grants(MOST_OF_A_KIND):
        told = f"the use of the warrant in entry {seq} is missing"
        report.add("unspent warrants", told, total)
    for seq, total in faults.unwarranted(MOST_OF_A_KIND):
        told = f"entry {seq} tells a change that no warrant grants"
        report.add("unwarranted changes", told, total)
    undated = faults.undated_grants()
    if undated:
        report.notes.append(f"{undated:,} grants of approvals do not tell until when they hold")


def _rows(report: Report, model: type[Governed], tell: Progress) -> None:
    """Every live row is what its last entry says."""
    after: uuid.UUID | None = None
    done = 0
    while batch := queries.compared(model, after):
        for pk, is_same in batch:
            if not is_same:
                _row(report, model, pk)
        after = batch[-1][0]
        done += len(batch)
        if len(batch) == queries.COMPARED:
            tell(model._meta.label_lower, done, done)
    report.rows += done
    tell(model._meta.label_lower, done, done)


def _row(report: Report, model: type[Governed], pk: uuid.UUID) -> None:
    """A closer look at a row that the database did not vouch for."""
    label = model._meta.label_lower
    row, version, body = queries.last_state(model, pk)
    if version is None:
        report.add(label, f"{label} {pk} has no ledger entry")
    elif version != row.row_version:
        report.add(label, f"{label} {pk} is at version {row.row_version}, recorded {version}")
    else:
        try:
            columns = queries.altered_columns(row, body)
        except ValueError as error:
            report.add(label, f"the last entry of {label} {pk} {error}")
        else:
            if columns:
                report.add(label, f"{label} {pk} was altered in {', '.join(columns)}")
