"""`manage.py reviews due [--as-of DATE]`: which rungs would come, without taking them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from governance.reviews import queries
from governance.reviews.queries import coming
from registry.core import clock
from registry.core.errors import DomainError

INVALID = 2


class Command(BaseCommand):
    """Parse, ask what is due, print. Nothing is written."""

    help = "Print which reminders and effects of reviews are due, without sending them."

    def add_arguments(self, parser: CommandParser) -> None:
        """A verb and a date."""
        parser.add_argument("verb", choices=["due"])
        parser.add_argument(
            "--as-of", metavar="DATE", help="a day as YYYY-MM-DD; today if left out"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """One line for each rung and package. Exit status 2 for a date that is none."""
        try:
            day = dt.date.fromisoformat(options["as_of"]) if options["as_of"] else clock.today()
        except ValueError as error:
            told = _("--as-of: “%(text)s” is no day; write it as 2026-04-30.")
            raise CommandError(told % {"text": options["as_of"]}, returncode=INVALID) from error
        try:
            rungs = coming.due_rungs(queries.active_section(), day)
        except DomainError as error:
            raise CommandError(str(error), returncode=INVALID) from error
        count = 0
        for rung in rungs:
            for row in queries.whole(rung.packages).order_by("due_on", "pk").iterator(500):
                name_zh, name_en = queries.name_of(row)
                self.stdout.write(
                    f"{rung.step.key}\t{row.code}\t{row.due_on}\t{row.place}\t{name_zh}\t{name_en}"
                )
                count += 1
        self.stdout.write(
            _("%(count)s due on %(day)s; nothing was sent.") % {"count": count, "day": day}
        )
