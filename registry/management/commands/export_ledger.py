"""`manage.py export_ledger FILE`: the ledger as a file that proves itself without Mingce."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.services.anchoring import sink
from registry.management.commands.verify_ledger import ProgressLines

INVALID = 2


class Command(BaseCommand):
    """Parse, export, print."""

    help = "Export the ledger for offline verification with docs/verify_export.py."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's way)

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and whether it may be replaced."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="replace an existing file")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """Exit status 2 where the file exists or cannot be written."""
        path: Path = options["file"]
        if path.is_dir():
            raise CommandError(_("%(path)s is a folder.") % {"path": path}, returncode=INVALID)
        if path.exists() and not options["force"]:
            raise CommandError(
                _("%(path)s exists; --force replaces it.") % {"path": path}, returncode=INVALID
            )
        if ledger_queries.head()[0] == 0:
            raise CommandError(_("The ledger is empty; there is nothing to export."))
        try:
            entries = ledger.export(path, ProgressLines(self.stderr))
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            told = {"path": error.filename or path, "fault": error.strerror}
            raise CommandError(
                _("%(path)s cannot be written: %(fault)s.") % told, returncode=INVALID
            ) from error
        key = sink().parent / "anchor.pub.pem"
        self.stdout.write(_("exported: %(entries)s entries") % {"entries": entries})
        self.stdout.write(f"sha256: {sha256}")
        self.stdout.write(_("public key to hand over: %(path)s") % {"path": key})
