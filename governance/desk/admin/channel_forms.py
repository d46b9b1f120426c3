"""The forms about channels."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, choice
from registry.core.notices.models import WayChoice
from registry.core.people.models import LegalEntity

KIND_LABELS: dict[str, Promise] = {
    "approval": _("approvals and votes"),
    "grade": _("grades to be confirmed"),
    "review": _("reviews: reminders and escalation"),
    "clock": _("legal clocks"),
    "delegation": _("delegations"),
    "person": _("accounts"),
    "dispatch": _("parked objects"),
    "sighting": _("differences found in other systems"),
    "order": _("stops that somebody has not acknowledged"),
    "webhook": _("webhooks that fail"),
    "breach": _("breaches of metrics"),
}


class ChannelForm(DeskForm):
    """Open a channel."""

    name = forms.CharField(label=_("name"), max_length=100)
    way = choice(_("way"), WayChoice.choices)
    address = forms.CharField(
        label=_("address"), max_length=2_000,
        help_text=_("As the robot or the receiver shows it. It is sealed, and never shown again."),
    )  # fmt: skip
    secret = forms.CharField(
        label=_("secret"), required=False, max_length=200,
        help_text=_("Of a robot, if it signs. For a webhook or to-do list one is made up."),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=_("kinds of notices"), choices=list(KIND_LABELS.items()),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES)
    entity = forms.ModelChoiceField(
        label=_("legal entity"), queryset=LegalEntity.objects.order_by("path"),
        help_text=_("What people with a role there or below are told goes out."),
    )  # fmt: skip
