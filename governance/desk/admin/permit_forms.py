"""The forms about deployment permits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.clock_forms import moment
from governance.desk.admin.fields import DeskForm, DigestField, choice, text
from governance.permits import queries
from registry.core.policy import queries as policy
from registry.releases.models import Environment


class RevokeForm(DeskForm):
    """Why the permit holds no more."""

    reason = text(_("reason"), least=2)


class AskForm(DeskForm):
    """Where glass may be broken, for how long, and why."""

    environment = choice(_("environment"), Environment.choices)
    days = forms.IntegerField(label=_("valid for days"), min_value=1, initial=1)
    reason = text(_("reason"), least=6)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = queries.section_of(policy.active_pack()).break_glass
        if limits is not None:
            self.fields["days"].widget.attrs["max"] = limits.longest_days
            self.fields["days"].help_text = _("At most %(most)s, by the policy in force.") % {
                "most": limits.longest_days
            }


class GiveForm(DeskForm):
    """The second person's proof."""

    password = forms.CharField(
        label=_("password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("Proves that it is you who gives it (step-up)."),
    )


class RefuseForm(DeskForm):
    """Why no glass is broken."""

    reason = text(_("reason"), least=6)


class UseForm(DeskForm):
    """What was deployed by breaking glass."""

    digest = DigestField(label=_("digest"), max_length=64)
    deployed_at = moment(_("deployed at"))
    deployed_by = forms.CharField(label=_("deployed by"), max_length=150)
    reason = text(_("reason"), least=6)
    incident = forms.CharField(label=_("incident"), max_length=200)
