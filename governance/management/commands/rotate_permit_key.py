"""`manage.py rotate_permit_key`: another key signs deployment permits from now on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from governance.permits import services


class Command(BaseCommand):
    """Parse, call one service, print."""

    help = "Sign deployment permits with a new key; the older ones stay published, with their end."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether only to publish it yet; whether the key until now is to be trusted no more."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--prepare", action="store_true",
            help="publish the next key beforehand: it signs after the next rotation",
        )  # fmt: skip
        what.add_argument(
            "--compromised", action="store_true",
            help="the key until now is published no more: nothing that it signed verifies",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """The new key's id, and what is published."""
        if options["prepare"]:
            made = services.prepare()
        else:
            made = services.rotate(compromised=options["compromised"])
        self.stdout.write(made)
        for key in services.jwks()["keys"]:
            self.stdout.write(f"{key['kid']}\t{key['nbf']}\t{key.get('exp', '')}")
