"""`manage.py load_packs [--check]`: the policy packs are releases, or are only checked."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from governance.approvals import services as approvals
from registry.core.errors import DomainError
from registry.core.ledger import queries as ledger
from registry.core.policy.rules import PolicyError

INVALID = 2


class Command(BaseCommand):
    """Parse, check or load, print. With --check the database is not touched."""

    help = "Load every policy pack as a release (none is put in force by this), or check them."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's way)
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument(
            "--check", action="store_true", help="validate the files and run their examples"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """Exit status 2 at the first fault, named with its file."""
        try:
            self._check() if options["check"] else self._load()
        except (PolicyError, DomainError) as error:
            raise CommandError(str(error), returncode=INVALID) from error

    def _check(self) -> None:
        for pack in approvals.check_packs():
            self.stdout.write(
                _("OK %(folder)s: %(name)s, %(count)s examples, sha256 %(sha256)s")
                % {
                    "folder": pack.folder,
                    "name": pack.name,
                    "count": pack.examples,
                    "sha256": pack.sha256,
                }
            )

    def _load(self) -> None:
        if ledger.head()[0] == 0:
            text = _("Nothing is founded yet: `manage.py found` loads the first pack itself.")
            self.stdout.write(text)
            return
        for release, is_new in approvals.load_packs():
            text = _("loaded: %(name)s") if is_new else _("known already: %(name)s")
            self.stdout.write(text % {"name": f"{release.key} {release.version}"})
