"""What verbs about deployment permits are about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from governance.desk.admin.subjects.base import About, Fact
from governance.desk.admin.subjects.cases import of_use
from governance.desk.admin.words import local_minute, name_of
from registry.core.people.models import User


def of_permit(user: User, row: Any) -> About:
    """A permit: for which bytes, where, until when."""
    told = of_use(user, row.model_use)
    bytes_ = [Fact(_("digest"), row.digest)] if row.digest else []
    facts = (
        Fact(row.get_kind_display(), row.code, row.get_absolute_url()),
        Fact(_("environment"), row.get_environment_display()),
        *bytes_,
        Fact(_("requested by"), name_of(row.requested_by)),
        Fact(_("build reference"), row.reference or "–"),
        Fact(_("expires at"), local_minute(row.expires_at)),
    )
    return About(told.name, (*facts, *told.facts))


def of_break_glass(user: User, row: Any) -> About:
    """A request for a break-glass permit."""
    told = of_use(user, row.model_use)
    facts = (
        Fact(_("request for a break-glass permit"), row.code),
        Fact(_("environment"), row.get_environment_display()),
        Fact(_("valid for days"), row.days),
        Fact(_("reason"), row.reason),
        Fact(_("asked for by"), name_of(row.asked_by)),
    )
    return About(told.name, (*facts, *told.facts))
