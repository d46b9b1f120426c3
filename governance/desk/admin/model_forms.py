"""The forms of the verbs about models and their uses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, choice, day, text
from registry.catalogue.models import ModelVersion, Tier
from registry.core.people.models import Department, LegalEntity, User
from registry.core.people.rules import Role
from registry.usecases.models import UseCase
from registry.usecases.queries import visible_use_cases


class CorrectionForm(DeskForm):
    """Correct a model."""

    name_zh = forms.CharField(label=_("name of the model (Chinese)"), max_length=200)
    name_en = forms.CharField(
        label=_("name of the model (English)"), max_length=200, required=False
    )
    description = text(_("description"), required=False)
    department = forms.ModelChoiceField(
        label=_("department"), queryset=Department.objects.all(), required=False
    )
    reason = forms.CharField(label=_("reason for the correction"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("name_zh", "name_en", "description", "department"):
            self.initial.setdefault(name, getattr(self.subject, name))


class HandOverForm(DeskForm):
    """Who owns the model from now on."""

    owner = forms.ModelChoiceField(label=_("new owner"), queryset=User.objects.none())
    reason = forms.CharField(label=_("reason"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owners = User.objects.filter(
            role_assignments__role=Role.OWNER.value, is_active=True
        ).distinct()
        others = owners.exclude(pk=self.subject.owner_id).order_by("username")
        self.fields["owner"].queryset = others  # type: ignore[attr-defined]  # ModelChoiceField


class InitiationForm(DeskForm):
    """Let somebody know of a confidential model."""

    user = forms.ModelChoiceField(
        label=_("person"),
        queryset=User.objects.filter(kind="person", is_active=True).order_by("username"),
    )
    reason = forms.CharField(label=_("reason"), max_length=300)


class UseForm(DeskForm):
    """Another use of a model, in a use case that exists or a new one."""

    use_case: forms.ModelChoiceField[UseCase] = forms.ModelChoiceField(
        label=_("use case"), queryset=UseCase.objects.none(), required=False,
        empty_label=_("a new one, described below"),
    )  # fmt: skip
    name_zh = forms.CharField(
        label=_("name of the use case (Chinese)"), max_length=200, required=False
    )
    name_en = forms.CharField(
        label=_("name of the use case (English)"), max_length=200, required=False
    )
    purpose = text(_("purpose"), required=False, help_text=_("What is decided or done with it?"))
    using_entity = forms.ModelChoiceField(
        label=_("using entity"), queryset=LegalEntity.objects.all()
    )
    is_uninterruptible = forms.BooleanField(
        label=_("uninterruptible"), required=False,
        help_text=_("AML, provisioning, payments: never restricted automatically."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cases = visible_use_cases(self.filler).order_by("name_zh")
        self.fields["use_case"].queryset = cases  # type: ignore[attr-defined]  # ModelChoiceField

    def clean(self) -> dict[str, Any]:
        """A new use case has a name and a purpose."""
        told = super().clean() or {}
        if not told.get("use_case"):
            for name in ("name_zh", "purpose"):
                if not told.get(name):
                    self.add_error(name, _("Needed for a new use case."))
        return told


class ReleaseForm(DeskForm):
    """A release of the use, for another version."""

    version: forms.ModelChoiceField[ModelVersion] = forms.ModelChoiceField(
        label=_("version"), queryset=None, required=False, empty_label=_("chosen later")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        free = self.subject.model.versions.exclude(releases__model_use=self.subject)
        self.fields["version"].queryset = free  # type: ignore[attr-defined]  # ModelChoiceField


class OverrideForm(DeskForm):
    """Set the tier by hand."""

    to_tier = choice(_("tier"), [one for one in Tier.choices if one[0] != Tier.P])
    reason = text(_("reason"))
    expires_on = day(
        _("expires on"), required=False, help_text=_("Needed where the tier is lowered.")
    )
