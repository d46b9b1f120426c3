"""A subject in words: its name, and the facts beside the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance.desk.admin.words import name_of
from registry.core.people.models import User
from registry.releases import queries as releases


@dataclass(frozen=True)
class Fact:
    """A label and its value, with the page that tells more."""

    label: str
    value: Any  # Any: whatever a template prints
    url: str = ""


@dataclass(frozen=True)
class About:
    """The subject's name, and what somebody needs to know of it before they press the button."""

    name: str
    facts: tuple[Fact, ...] = ()
    part: str = ""  # a template below the form, for what facts cannot tell
    told: Any = None  # Any: what the template prints


def of_release(user: User, row: Any) -> About:
    """A release: the model, where it is used, how far it is."""
    whole = releases.whole(releases.visible_to(user)).filter(pk=row.pk).first()
    return _released(whole) if whole else About(row.code)


def _released(row: Any) -> About:
    model, use = row.model_use.model, row.model_use
    return About(
        name_of(model),
        (
            Fact(_("model"), f"{name_of(model)} · {model.code}", model.get_absolute_url()),
            Fact(_("release"), row.code, row.get_absolute_url()),
            Fact(_("version"), row.version.label if row.version else _("chosen later")),
            Fact(_("stage"), row.get_stage_display()),
            Fact(_("tier"), use.get_tier_display() if use.tier else _("not graded")),
            Fact(_("use case"), name_of(use.use_case)),
            Fact(_("using entity"), name_of(use.entity)),
        ),
    )


def with_release(user: User, row: Any, *more: Fact) -> About:
    """Facts of a case, followed by those of its release."""
    told = of_release(user, row.release)
    return About(told.name, (*more, *told.facts))


def of_model(user: User, row: Any) -> About:
    """A model and who answers for it."""
    return About(
        name_of(row),
        (
            Fact(_("model"), f"{name_of(row)} · {row.code}", row.get_absolute_url()),
            Fact(_("model owner"), name_of(row.owner), row.owner.get_absolute_url()),
            Fact(_("tier"), row.get_tier_display() if row.tier else _("not graded")),
        ),
    )


def of_version(user: User, row: Any) -> About:
    """A version, and its model."""
    told = of_model(user, row.model)
    facts = (Fact(_("version"), row.label), Fact(_("digest"), row.digest))
    return About(told.name, (*facts, *told.facts))
