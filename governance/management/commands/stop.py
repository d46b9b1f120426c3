"""`manage.py stop TARGET_TYPE CODE --reason … --as USER`: a stop where no page answers."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.suspensions import queries, services
from governance.suspensions.models import NAMED, TargetType
from governance.suspensions.queries import Target
from registry.core.errors import DomainError
from registry.core.people.models import User, UserKind
from registry.core.web.wording import message_of
from registry.releases.models import Stage

REFUSED, INVALID = 1, 2


class Command(BaseCommand):
    """Parse, call one service, print."""

    help = "Stop a release, version, use, model, entity, vendor or base model at once."

    def add_arguments(self, parser: CommandParser) -> None:
        """What, why, and who answers for it."""
        parser.add_argument("target_type", choices=TargetType.values)
        parser.add_argument(
            "target", metavar="CODE", help="the code or key; a vendor's or base model's name"
        )
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="username", required=True, metavar="USERNAME")
        parser.add_argument("--given-by", default="", metavar="NAME", help="given by telephone by")
        parser.add_argument(
            "--noticed-at", default="", metavar="MOMENT", help="as 2026-11-26T14:05, or with +08:00"
        )
        parser.add_argument("--drill", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """The order and the releases affected. Exit status 1 for a refusal, 2 for bad input."""
        actor = User.objects.filter(
            username=options["username"], kind=UserKind.PERSON, is_active=True
        ).first()
        if actor is None:
            told = _("Nobody active is called “%(name)s”.") % {"name": options["username"]}
            raise CommandError(told, returncode=INVALID)
        try:
            target = _target(options["target_type"], options["target"])
            queries.check_target(actor, target)
            row = services.order(
                actor=actor,
                kind="stop",
                target_type=target.type,
                target_id=target.id,
                target_key=target.name,
                reason=options["reason"],
                given_by=options["given_by"],
                is_drill=options["drill"],
                noticed_at=_moment(options["noticed_at"]),
            )
        except DomainError as refusal:
            raise CommandError(message_of(refusal), returncode=REFUSED) from refusal
        self.stdout.write(f"{row.pk}\t{row.kind}\t{row.target_type}\t{options['target']}")
        releases = queries.reached(target).exclude(stage=Stage.S8).order_by("code")
        for code, stage in releases.values_list("code", "stage"):
            self.stdout.write(f"{code}\t{stage}")


def _target(target_type: str, told: str) -> Target:
    """By name, by key, or by the code of what has one. Raises NotFound."""
    if target_type in NAMED:
        return Target(target_type, name=told)
    try:
        return Target(target_type, uuid.UUID(told))
    except ValueError:
        return queries.with_code(target_type, told)


def _moment(told: str) -> dt.datetime | None:
    """The moment, in the institution's time zone unless it names its own; None where none is told.

    Raises CommandError.
    """
    if not told:
        return None
    try:
        found = dt.datetime.fromisoformat(told)
    except ValueError as fault:
        said = _("“%(told)s” is no moment: write it as 2026-11-26T14:05.") % {"told": told}
        raise CommandError(said, returncode=INVALID) from fault
    return found if found.tzinfo else timezone.make_aware(found)
