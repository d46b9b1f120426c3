"""The forms of the verbs about people."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.forms import DeskForm, NothingForm, ReasonForm, day
from registry.core.people.models import (
    ROLE_LABELS,
    Department,
    LegalEntity,
    Post,
    User,
    UserKind,
)
from registry.core.people.rules import Capability, Role


class PersonForm(DeskForm):
    """Enrol a person."""

    username = forms.SlugField(label=_("user name"), max_length=150)
    name = forms.CharField(label=_("name"), max_length=150)
    email = forms.EmailField(label=_("e-mail"), required=False)
    password = forms.CharField(
        label=_("first password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least twelve characters."),
    )
    is_vendor_staff = forms.BooleanField(label=_("vendor staff"), required=False)


class MachineForm(DeskForm):
    """Enrol a machine account."""

    username = forms.SlugField(label=_("user name"), max_length=150)
    name = forms.CharField(label=_("name"), max_length=150)


class RoleForm(DeskForm):
    """Assign a role."""

    role = forms.ChoiceField(
        label=_("role"), choices=[(role.value, ROLE_LABELS[role]) for role in Role]
    )
    entity = forms.ModelChoiceField(label=_("legal entity"), queryset=LegalEntity.objects.all())
    department = forms.ModelChoiceField(
        label=_("department"), queryset=Department.objects.all(), required=False
    )
    valid_from = day(_("from"), required=False)
    valid_to = day(_("to"), required=False)


class EndForm(DeskForm):
    """The last day."""

    valid_to = day(_("last day"))


class DelegationForm(DeskForm):
    """Let somebody stand in."""

    to = forms.ModelChoiceField(
        label=_("deputy"),
        queryset=User.objects.filter(kind=UserKind.PERSON, is_active=True).order_by("username"),
    )
    body_code = forms.CharField(
        label=_("committee"), max_length=40, required=False, help_text=_("Empty: for all of them.")
    )
    valid_from = day(_("from"))
    valid_to = day(_("to"))
    reason = forms.CharField(label=_("reason"), max_length=500)


class TokenForm(DeskForm):
    """Issue a token."""

    name = forms.CharField(label=_("name"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=[(one.value, one.value) for one in Capability],
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    days = forms.IntegerField(label=_("valid for days"), min_value=1, max_value=366, initial=90)


class SeatForm(DeskForm):
    """Give a seat."""

    user = forms.ModelChoiceField(
        label=_("person"),
        queryset=User.objects.filter(kind=UserKind.PERSON, is_active=True).order_by("username"),
        required=False,
    )
    post = forms.ModelChoiceField(label=_("post"), queryset=Post.objects.all(), required=False)
    name = forms.CharField(
        label=_("seat"),
        max_length=40,
        required=False,
        help_text=_("The name by which policy knows it, such as mrm_head."),
    )
    is_chair = forms.BooleanField(label=_("chair"), required=False)
    valid_from = day(_("from"), required=False)
    valid_to = day(_("to"), required=False)


__all__ = [
    "DelegationForm",
    "EndForm",
    "MachineForm",
    "NothingForm",
    "PersonForm",
    "ReasonForm",
    "RoleForm",
    "SeatForm",
    "TokenForm",
]
