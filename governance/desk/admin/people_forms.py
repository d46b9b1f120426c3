"""The forms of the verbs about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.committees import queries as committees
from governance.desk.admin.fields import DeskForm, choice, day, text
from governance.desk.admin.forms import NothingForm, ReasonForm
from governance.desk.admin.words import approvals_words, name_of, seat_label
from registry.core import clock
from registry.core.calendars import queries as arrangements
from registry.core.calendars import rules as calendars
from registry.core.people.admin import CAPABILITIES
from registry.core.people.models import (
    ROLE_LABELS,
    Department,
    LegalEntity,
    Post,
    User,
    UserKind,
)
from registry.core.people.queries import able_to_stand_in, standing
from registry.core.people.rules import (
    MACHINE_CAPABILITIES,
    MACHINE_ROLES,
    NEVER_DECIDING,
    Capability,
    Role,
)


def secret(label: Any, autocomplete: str, help_text: Any = "") -> forms.CharField:
    """A password."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, help_text=help_text, widget=widget, max_length=256)


class PersonForm(DeskForm):
    """Enrol a person."""

    username = forms.SlugField(label=_("user name"), max_length=150)
    name = forms.CharField(label=_("name"), max_length=150)
    email = forms.EmailField(label=_("e-mail"), required=False)
    password = secret(_("first password"), "new-password", _("At least twelve characters."))
    is_vendor_staff = forms.BooleanField(label=_("vendor staff"), required=False)


class MachineForm(DeskForm):
    """Enrol a machine account."""

    username = forms.SlugField(label=_("user name"), max_length=150)
    name = forms.CharField(label=_("name"), max_length=150)


class ChangePasswordForm(DeskForm):
    """One's own password."""

    old_password = secret(_("present password"), "current-password")
    new_password = secret(_("new password"), "new-password", _("At least twelve characters."))
    repeated = secret(_("new password, once more"), "new-password")

    def clean(self) -> dict[str, Any]:
        """Typed twice alike."""
        told = super().clean() or {}
        if told.get("new_password") != told.get("repeated"):
            self.add_error("repeated", _("The two passwords differ."))
        return told


class ResetPasswordForm(DeskForm):
    """A password for somebody who forgot theirs."""

    password = secret(_("new password"), "new-password", _("At least twelve characters."))
    reason = forms.CharField(label=_("reason"), max_length=500)


def code_field(pattern: str, max_length: int, rule: Any) -> forms.RegexField:
    """A code for ever; the help and the fault name the same rule."""
    return forms.RegexField(
        pattern,
        label=_("code"),
        max_length=max_length,
        help_text=format_lazy("{} {}", rule, _("It is permanent.")),
        error_messages={"invalid": rule},
    )


class NamesForm(DeskForm):
    """A code for ever, and a name in both languages."""

    code = code_field(r"^[A-Z0-9_-]+$", 20, _("Capital letters, digits, - and _ only."))
    name_zh = forms.CharField(label=_("name (Chinese)"), max_length=200)
    name_en = forms.CharField(label=_("name (English)"), max_length=200, required=False)


class EntityForm(NamesForm):
    """Open a branch or subsidiary."""


class DepartmentForm(NamesForm):
    """Open a department."""

    parent = forms.ModelChoiceField(
        label=_("parent"), queryset=Department.objects.none(), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inside = Department.objects.filter(entity=self.subject)
        self.fields["parent"].queryset = inside  # type: ignore[attr-defined]  # ModelChoiceField


class CommitteeForm(NamesForm):
    """Establish a committee."""

    code = code_field(
        r"^[a-z][a-z0-9_]*$",
        40,
        _(
            "Small letters, digits and _ only, beginning with a letter; the name by which "
            "policy knows it, such as mrc."
        ),
    )


class PostForm(DeskForm):
    """Create a post."""

    code = code_field(r"^[A-Za-z0-9_-]+$", 40, _("Letters, digits, - and _ only."))
    title_zh = forms.CharField(label=_("title (Chinese)"), max_length=100)
    title_en = forms.CharField(label=_("title (English)"), max_length=100, required=False)


class HoldingForm(DeskForm):
    """Give a post to somebody."""

    user = forms.ModelChoiceField(
        label=_("person"),
        queryset=User.objects.filter(kind=UserKind.PERSON, is_active=True).order_by("username"),
    )
    valid_from = day(_("from"))
    valid_to = day(_("to"), required=False)


class ActivationForm(DeskForm):
    """Sign that a pack shall be in force."""

    profile = choice(_("profile"), [("strict", _("strict")), ("literal", _("literal"))])


class RoleForm(DeskForm):
    """Assign a role."""

    role = choice(_("role"), [(role.value, ROLE_LABELS[role]) for role in Role])
    entity = forms.ModelChoiceField(label=_("legal entity"), queryset=LegalEntity.objects.all())
    department = forms.ModelChoiceField(
        label=_("department"), queryset=Department.objects.all(), required=False
    )
    valid_from = day(_("from"), required=False)
    valid_to = day(_("to"), required=False)


class EndForm(DeskForm):
    """The last day."""

    valid_to = day(_("last day"))


class HandOverTasksForm(DeskForm):
    """Who takes over what somebody leaves behind."""

    to = forms.ModelChoiceField(
        label=_("person"), queryset=User.objects.filter(kind=UserKind.PERSON, is_active=True)
    )
    reason = forms.CharField(label=_("reason"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = User.objects.filter(kind=UserKind.PERSON, is_active=True)
        working = set(Role) - NEVER_DECIDING - MACHINE_ROLES
        others = others.filter(role_assignments__role__in=[role.value for role in working]).exclude(
            pk=self.subject.pk
        )
        self.fields["to"].queryset = others.distinct().order_by("username")  # type: ignore[attr-defined]  # ModelChoiceField


class EmailForm(DeskForm):
    """Where a person's mails go."""

    email = forms.EmailField(label=_("e-mail"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("email", self.subject.email)


class DelegationForm(DeskForm):
    """Let somebody stand in."""

    to = forms.ModelChoiceField(
        label=_("deputy"),
        queryset=User.objects.filter(kind=UserKind.PERSON, is_active=True).order_by("username"),
    )
    body_code = forms.ChoiceField(label=_("committee"), required=False)
    valid_from = day(_("from"))
    valid_to = day(_("to"))
    reason = forms.CharField(label=_("reason"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = able_to_stand_in(self.filler).order_by("username")
        self.fields["to"].queryset = able  # type: ignore[attr-defined]  # ModelChoiceField
        bodies = [(one.code, name_of(one)) for one in committees.visible_to(self.filler)]
        choices = [("", _("all of them")), *bodies]
        self.fields["body_code"].choices = choices  # type: ignore[attr-defined]  # ChoiceField


class TokenForm(DeskForm):
    """Issue a token."""

    name = forms.CharField(label=_("name"), max_length=100)
    scopes = forms.MultipleChoiceField(label=_("scopes"), widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(label=_("valid for days"), min_value=1, max_value=366, initial=90)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = standing(self.subject)
        open_to = MACHINE_CAPABILITIES if found.is_machine else Capability
        usable = [_scope(one) for one in Capability if found.may(one)]
        others = [_scope(one) for one in Capability if one in open_to and not found.may(one)]
        groups = [
            (_("open to the account's roles of today"), usable),
            (_("of use with further roles only"), others),
        ]
        told = [(capfirst(heading), lines) for heading, lines in groups if lines]
        self.fields["scopes"].choices = told  # type: ignore[attr-defined]  # ChoiceField


def _scope(one: Capability) -> tuple[str, str]:
    """The scope in words, with its code: the manuals and the API name that."""
    return one.value, f"{CAPABILITIES[one]} ({one.value})"


class SeatForm(DeskForm):
    """Give a seat."""

    user = forms.ModelChoiceField(
        label=_("person"),
        queryset=User.objects.filter(kind=UserKind.PERSON, is_active=True).order_by("username"),
        required=False,
    )
    post = forms.ModelChoiceField(label=_("post"), queryset=Post.objects.all(), required=False)
    name = forms.ChoiceField(
        label=_("seat"),
        required=False,
        help_text=_("The seats that policy names: a quorum or a veto counts on them."),
    )
    is_chair = forms.BooleanField(label=_("chair"), required=False)
    valid_from = day(_("from"), required=False)
    valid_to = day(_("to"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        section, body = approvals_words(), self.subject.code
        seats = [name for one in section.bodies if one.key == body for name in one.named_seats]
        known = [(name, seat_label(section, name)) for name in seats]
        ordinary = ("", _("an ordinary member"))
        self.fields["name"].choices = [ordinary, *known]  # type: ignore[attr-defined]  # ChoiceField


__all__ = [
    "ActivationForm",
    "ChangePasswordForm",
    "CommitteeForm",
    "DelegationForm",
    "DepartmentForm",
    "EndForm",
    "EntityForm",
    "HoldingForm",
    "MachineForm",
    "NamesForm",
    "NothingForm",
    "PersonForm",
    "PostForm",
    "ReasonForm",
    "ResetPasswordForm",
    "RoleForm",
    "SeatForm",
    "TokenForm",
]


_DAYS = _("One day a line, or first..last: 2027-02-05..2027-02-11.")


class ArrangementForm(DeskForm):
    """Record a year's arrangement of working days."""

    country = forms.RegexField(
        "^[A-Z]{2}$", label=_("country"), initial="CN", help_text=_("Two letters, such as CN.")
    )
    year = forms.IntegerField(
        label=_("year"), min_value=calendars.FIRST_YEAR, max_value=calendars.LAST_YEAR
    )
    source = forms.CharField(
        label=_("document"), max_length=200, help_text=_("Title or number of the notice.")
    )
    days_off = text(_("days off"), required=False, help_text=_DAYS, rows=6)
    worked_days = text(_("make-up working days"), required=False, help_text=_DAYS)
    is_published = forms.BooleanField(
        label=_("This is the whole year's arrangement, as it was published."),
        required=False, initial=True,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("country", "CN")
        self.initial.setdefault("year", clock.today().year + 1)
        year = str(self.initial["year"])
        known = arrangements.recorded(str(self.initial["country"]), int(year) if year.isdecimal()
                                      and len(year) == 4 else 0)  # fmt: skip
        if known is not None:
            self.initial["source"], self.initial["is_published"] = known.source, known.is_published
            self.initial["days_off"] = "\n".join(known.days_off)
            self.initial["worked_days"] = "\n".join(known.worked_days)

    def clean(self) -> dict[str, Any]:
        """The texts as days of the year."""
        told = super().clean() or {}
        for name in ("days_off", "worked_days"):
            try:
                told[name] = calendars.days_in(told.get(name) or "", told.get("year") or 0)
            except ValueError as error:
                refusal = gettext("“%(piece)s” is no day of that year.") % {"piece": error}
                self.add_error(name, refusal)
        return told
