"""`manage.py load_demo`: the demo story, once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.desk.demo import services as demo
from governance.desk.demo.services import Outcome
from registry.core.errors import DomainError
from registry.core.policy.rules import PolicyError


class Command(BaseCommand):
    """Parse, load, print. Refused under production settings."""

    help = "Found an invented bank with people, models, votes and a history, for demonstration."

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument(
            "--once", action="store_true", help="succeed where an institution is founded already"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """Says what was done; exit status 1 where nothing was and --once was not given."""
        try:
            outcome = demo.load(self._progress)
        except (DomainError, PolicyError) as error:
            raise CommandError(str(error)) from error
        text = _told(outcome)
        if outcome is not Outcome.LOADED and not options["once"]:
            raise CommandError(text)
        self.stdout.write(text)

    _month = ""

    def _progress(self, stage: str, done: int, total: int) -> None:
        if stage != self._month:
            self._month = stage
            self.stdout.write(f"Telling the story of {stage} ...")
            self.stdout.flush()


def _told(outcome: Outcome) -> str:
    """In English, as everything that `make run` prints."""
    file = settings.DEMO_ACCOUNTS_FILE
    match outcome:
        case Outcome.LOADED:
            return f"The demo story is loaded. Its accounts: {file}"
        case Outcome.LOADED_BEFORE:
            return f"The demo story was loaded before; nothing was done. Accounts: {file}"
        case Outcome.FOUNDED_OTHERWISE:
            return "An institution is founded here; the demo story is not loaded."
