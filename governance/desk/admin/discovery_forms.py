"""The forms about sources and about the differences that were found there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, choice, day, text
from registry.catalogue.models import AIModel
from registry.catalogue.queries import visible_to
from registry.core.people.models import LegalEntity
from registry.core.people.queries import standing
from registry.discovery.models import SourceKind
from registry.discovery.queries import MODEL_RISK
from registry.discovery.services.deciding import LEAST_WORDS
from registry.releases.models import Environment


class AddressForm(DeskForm):
    """Where the source is read, and with what."""

    address = forms.CharField(
        label=_("address"), max_length=2_000,
        help_text=_("Its host must be among those that the operators allow. It is sealed."),
    )  # fmt: skip
    token = forms.CharField(
        label=_("token"), required=False, max_length=4_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("A token that may only read. For SageMaker: key:secret."),
    )  # fmt: skip


class SourceForm(AddressForm):
    """Open a source."""

    name = forms.CharField(label=_("name"), max_length=100)
    kind = choice(_("kind"), SourceKind.choices)
    environment = choice(
        _("environment"), Environment.choices, help_text=_("What this system stands for.")
    )
    entity = forms.ModelChoiceField(
        label=_("legal entity"), queryset=LegalEntity.objects.order_by("path")
    )
    scope = forms.CharField(
        label=_("part of it"), required=False, max_length=200,
        help_text=_(
            "The organisation on a hub, the region of SageMaker; for MLflow a filter, or nothing."
        ),
    )  # fmt: skip
    words = forms.CharField(
        label=_("words for what runs"), required=False, max_length=400,
        help_text=_(
            "Stages and aliases that mean “runs there”, with commas between; empty for the usual"
            " ones (Production, champion)."
        ),
    )  # fmt: skip
    field_order = ("name", "kind", "address", "token", "environment", "entity", "scope", "words")

    def clean_words(self) -> list[str] | None:
        """The words one by one; None for the usual ones."""
        told = self.cleaned_data["words"].replace("，", ",").replace("、", ",")
        return [one.strip() for one in told.split(",") if one.strip()] or None


class LinkForm(DeskForm):
    """Which model it is, and which version of it."""

    model: forms.ModelChoiceField[AIModel] = forms.ModelChoiceField(
        label=_("model"), queryset=AIModel.objects.none()
    )
    version = forms.CharField(
        label=_("version of ours"), required=False, max_length=60,
        help_text=_("Its label in the register, where it is known which version was seen."),
    )  # fmt: skip
    reason = text(_("reason"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = visible_to(self.filler).select_related("entity").order_by("code")
        if self.subject is not None and self.subject.model_id:
            rows = rows.filter(pk=self.subject.model_id)
            self.initial.setdefault("model", self.subject.model_id)
        elif not standing(self.filler).has(*MODEL_RISK):
            rows = rows.filter(owner=self.filler)
        self.fields["model"].queryset = rows  # type: ignore[attr-defined]  # ModelChoiceField


class AcceptForm(DeskForm):
    """Why it is so."""

    reason = text(_("reason"), least=LEAST_WORDS)


class DismissForm(AcceptForm):
    """Why it does not matter, and until when."""

    until = day(
        _("comes back on"), required=False,
        help_text=_("At most a year ahead. Without a day it comes back when it changes."),
    )  # fmt: skip
