"""`manage.py verify_ledger`: reads the whole ledger, and every governed row against it."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, OutputWrapper
from django.utils.translation import gettext as _

from registry.core.ledger import services as ledger
from registry.core.ledger.services import Report
from registry.evidence import services as evidence

FAULTY = 1


class Command(BaseCommand):
    """Verify, print; progress on standard error, the result on standard output."""

    help = "Verify the ledger: exit status 0 where it is sound, 1 where a fault was found."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's way)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The files are many bytes: they are read when asked for."""
        parser.add_argument(
            "--files", action="store_true", help="read every stored document's file too"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """The first fault stands in the first line."""
        progress = ProgressLines(self.stderr)
        report = ledger.verify(progress)
        if options["files"]:
            files = evidence.verify_files(report, progress)
            report.notes.append(f"{files:,} files of documents were read")
        for line in _lines(report):
            self.stdout.write(line)
        if not report.sound:
            raise SystemExit(FAULTY)


class ProgressLines:
    """Tells how far a stage has got and how fast it goes, at most once a second."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._stage = ""
        self._began = self._told = time.monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """One more line, where the last is a second old."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began = stage, now
        if now - self._told < 1:
            return
        self._told = now
        rate = done / max(now - self._began, 0.001)
        told = {"stage": stage, "done": f"{done:,}", "total": f"{total:,}", "rate": f"{rate:,.0f}"}
        self._out.write(
            _("%(stage)s: %(done)s of %(total)s, %(rate)s a second") % told, style_func=str
        )


def _lines(report: Report) -> list[str]:
    told = {"entries": report.entries, "anchors": report.anchors, "rows": report.rows}
    notes = [_("note: %(note)s") % {"note": note} for note in report.notes]
    if report.sound:
        sound = _("sound: %(entries)s entries, %(anchors)s anchors, %(rows)s rows") % told
        return [sound, *notes]
    faults = [_("FAULT: %(fault)s") % {"fault": fault} for fault in report.faults]
    return [
        *faults,
        *notes,
        _("read: %(entries)s entries, %(anchors)s anchors, %(rows)s rows") % told,
    ]
