"""What verbs about the experiments pool are about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from governance.desk.admin.subjects.base import About, Fact
from governance.desk.admin.words import local_minute, name_of
from registry.core.people.models import User


def of_name(user: User, row: Any) -> About:
    """A registered name: who registered it, and how many versions it has had."""
    return About(
        row.name,
        (
            Fact(_("registered name"), row.name, row.get_absolute_url()),
            Fact(_("registered by"), name_of(row.registered_by)),
            Fact(_("legal entity"), name_of(row.entity)),
            Fact(_("last version"), row.last_number),
        ),
    )


def of_version(user: User, row: Any) -> About:
    """A version under a registered name: where it comes from, and the model of its name."""
    model = row.registered.model
    registrant = f"{name_of(row.registered_by)} · {local_minute(row.registered_at)}"
    facts = [
        Fact(_("registered name"), row.registered.name, row.registered.get_absolute_url()),
        Fact(_("version"), row.number),
        Fact(_("source"), row.source),
        Fact(_("registered by"), registrant),
    ]
    if model is not None:
        facts.insert(
            0, Fact(_("model"), f"{name_of(model)} · {model.code}", model.get_absolute_url())
        )
    return About(f"{row.registered.name} {row.number}", tuple(facts))
