"""The forms about webhooks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.chronicle.kinds import GROUPS
from governance.desk.admin.clock_forms import moment
from governance.desk.admin.fields import DeskForm, choice, text
from registry.core.people.models import LegalEntity

EVERYTHING = "*"
_ADDRESS = _("https, or what the operators have listed. It is sealed, and never shown again.")
PATTERNS: dict[str, list[str]] = {
    key: [f"{word}.*" for word in words] for key, _label, words in GROUPS
}


class WebhookForm(DeskForm):
    """Open a webhook."""

    name = forms.CharField(label=_("name"), max_length=100)
    address = forms.CharField(label=_("address"), max_length=2_000, help_text=_ADDRESS)
    secret = forms.CharField(
        label=_("secret"), required=False, max_length=200,
        help_text=_("“whsec_” and 24 to 64 bytes in base64. Left empty, one is made up."),
    )  # fmt: skip
    groups = forms.MultipleChoiceField(
        label=_("events"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(EVERYTHING, _("everything")), *((key, label) for key, label, _words in GROUPS)],
    )  # fmt: skip
    kinds = text(
        _("further events"), required=False,
        help_text=_("One a line: a kind such as “release.moved”, or a beginning: “release.*”."),
    )  # fmt: skip
    entity = forms.ModelChoiceField(
        label=_("legal entity"), queryset=LegalEntity.objects.order_by("path"),
        help_text=_("What belongs there or below is told."),
    )  # fmt: skip
    description = text(_("description"), required=False, rows=2)

    def types(self) -> list[str]:
        """The events, as the service takes them."""
        return types_of(self.cleaned_data)


def types_of(told: dict[str, Any]) -> list[str]:  # Any: what the form holds
    """The groups' beginnings, and what was written beside them."""
    groups = told["groups"]
    if EVERYTHING in groups:
        return [EVERYTHING]
    written = [one.strip() for one in told["kinds"].splitlines() if one.strip()]
    return sorted({*written, *(one for key in groups for one in PATTERNS[key])})


class WebhookChangeForm(WebhookForm):
    """What it is from now on; an address that is left empty stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.subject
        self.fields["secret"].required = False
        self.fields["secret"].help_text = _(
            "Only with a new address, where the key that sealed the former is lost."
        )
        self.fields["address"].required = False
        self.fields["address"].help_text = _("Left empty, it stays as it is.")
        told = set(row.types)
        whole = {key for key, words in PATTERNS.items() if told.issuperset(words)}
        covered = {one for key in whole for one in PATTERNS[key]}
        groups = [EVERYTHING] if EVERYTHING in told else sorted(whole)
        rest = sorted(told - covered - {EVERYTHING})
        begin = {
            "name": row.name, "description": row.description, "entity": row.entity_id,
            "groups": groups, "kinds": "\n".join(rest),
        }  # fmt: skip
        for name, value in begin.items():
            self.fields[name].initial = value


class RotateForm(DeskForm):
    """Another secret, and for how long the former one signs too."""

    secret = forms.CharField(
        label=_("new secret"), required=False, max_length=200,
        help_text=_("Left empty, one is made up and shown once."),
    )  # fmt: skip
    overlap_hours = forms.IntegerField(
        label=_("hours in which both sign"), min_value=0, max_value=168, initial=24
    )


class ReplayForm(DeskForm):
    """What is sent again."""

    what = choice(
        _("what"),
        [("failed", _("whatever has failed")), ("since", _("everything since a moment"))],
    )
    since = moment(_("since"), required=False)

    def clean(self) -> dict[str, Any] | None:
        """A moment is needed where it begins at one."""
        told = super().clean()
        if self.cleaned_data.get("what") == "since" and not self.cleaned_data.get("since"):
            self.add_error("since", _("Fill in “since”."))
        return told
