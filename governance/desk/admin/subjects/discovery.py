"""What verbs about sources and differences are about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from governance.desk.admin.subjects.base import About, Fact
from governance.desk.admin.words import name_of
from registry.core.people.models import User


def of_source(user: User, row: Any) -> About:
    """A source: what it is, where it is read, what it stands for."""
    return About(
        row.name,
        (
            Fact(_("kind"), row.get_kind_display()),
            Fact(_("host"), row.host),
            Fact(_("environment"), row.get_environment_display()),
            Fact(_("legal entity"), name_of(row.entity)),
        ),
    )


def of_sighting(user: User, row: Any) -> About:
    """A difference: what was seen, and what is approved there."""
    facts = [
        Fact(_("difference"), row.get_kind_display(), row.get_absolute_url()),
        Fact(_("source"), row.source.name),
        Fact(_("name there"), row.name),
        Fact(_("version there"), row.version or "–"),
        Fact(_("digest"), row.digest[:12] or "–"),
        Fact(_("approved there"), row.expected or "–"),
    ]
    if row.model is not None:
        told = f"{name_of(row.model)} · {row.model.code}"
        facts.append(Fact(_("model"), told, row.model.get_absolute_url()))
    return About(f"{row.name} {row.version}".strip(), tuple(facts))
