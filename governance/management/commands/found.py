"""`manage.py found`: the founding act of an institution, once."""

from __future__ import annotations

import getpass
import os
import re
import secrets
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from governance.approvals import services as approvals
from registry.core.errors import Conflict, DomainError
from registry.core.people.models import User
from registry.core.people.services import NewPerson

INVALID = 2
PASSWORD_VARIABLE = "MINGCE_PASSWORD_"  # noqa: S105 - the beginning of a variable's name
_ADMINISTRATOR = re.compile(r"^([\w.@+-]{1,150}):(.{1,150})$")
_CODE = re.compile(r"^[A-Z0-9_-]{1,20}$")


class Command(BaseCommand):
    """Parse, found, print."""

    help = (
        "Found the institution: its policy document, legal entity, two administrators and the "
        f"first policy pack. Passwords come from {PASSWORD_VARIABLE}<USERNAME>, else from a "
        "prompt; where neither answers they are made up and printed once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What the founding act rests on."""
        parser.add_argument("--document", required=True, help="number of the policy document")
        parser.add_argument("--entity-code", required=True, help="for instance HO")
        parser.add_argument("--entity-name", required=True, help="the institution's name")
        parser.add_argument("--entity-name-en", default="", help="its name in English")
        parser.add_argument(
            "--administrator",
            action="append",
            required=True,
            metavar="USERNAME:NAME",
            help="give two",
        )
        parser.add_argument("--profile", choices=["strict", "literal"], default="strict")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """Exit status 2 on bad input, 1 where an institution exists."""
        if not _CODE.match(options["entity_code"]):
            raise _bad(_("The entity's code holds capital letters, figures, “-” and “_” only."))
        people = [_parse(text) for text in options["administrator"]]
        made_up: list[NewPerson] = []
        administrators = [_with_password(user, name, made_up) for user, name in people]
        try:
            entity = approvals.found(
                policy_document=options["document"],
                entity_code=options["entity_code"],
                entity_name=options["entity_name"],
                entity_name_en=options["entity_name_en"],
                administrators=administrators,
                profile=options["profile"],
            )
        except DomainError as error:
            status = 1 if isinstance(error, Conflict) else INVALID
            raise CommandError(str(error), returncode=status) from error
        self.stdout.write(
            _("%(name)s (%(code)s) is founded.") % {"name": entity.name_zh, "code": entity.code}
        )
        for one in made_up:
            self.stdout.write(
                _("Password of %(user)s, shown this once: %(password)s")
                % {"user": one.username, "password": one.password}
            )


def _parse(text: str) -> tuple[str, str]:
    found = _ADMINISTRATOR.match(text)
    if found is None:
        raise _bad(
            _("An administrator is given as USERNAME:NAME, not “%(text)s”.") % {"text": text}
        )
    return found[1], found[2].strip()


def _with_password(username: str, name: str, made_up: list[NewPerson]) -> NewPerson:
    variable = PASSWORD_VARIABLE + re.sub(r"\W", "_", username).upper()
    password = os.environ.get(variable, "")
    if not password and sys.stdin.isatty():
        password = getpass.getpass(
            _("Password of %(user)s (empty: one is made up): ") % {"user": username}
        )
    if password:
        try:
            validate_password(password, User(username=username, name=name))
        except ValidationError as error:
            told = {"user": username, "fault": " ".join(error.messages)}
            raise _bad(_("The password of %(user)s: %(fault)s") % told) from error
        return NewPerson(username, name, password)
    person = NewPerson(username, name, secrets.token_urlsafe(18))
    made_up.append(person)
    return person


def _bad(text: str) -> CommandError:
    return CommandError(text, returncode=INVALID)
