"""The forms of claiming."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, DigestField
from governance.mlflow_compat.services import label_for
from registry.catalogue.models import AIModel
from registry.catalogue.queries import visible_to
from registry.core.people.queries import standing
from registry.core.people.rules import Role


class NameClaimForm(DeskForm):
    """For which model."""

    model: forms.ModelChoiceField[AIModel] = forms.ModelChoiceField(
        label=_("model"), queryset=AIModel.objects.none()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = visible_to(self.filler).select_related("entity").order_by("code")
        if not standing(self.filler).has(Role.MODEL_RISK, Role.MODEL_RISK_HEAD):
            rows = rows.filter(owner=self.filler)
        self.fields["model"].queryset = rows  # type: ignore[attr-defined]  # ModelChoiceField


class VersionClaimForm(DeskForm):
    """Its label in the inventory, and the digest that makes it that version."""

    label = forms.CharField(label=_("version"), max_length=60)
    digest = DigestField(
        label=_("digest"),
        max_length=80,
        help_text=_("SHA-256 of its files. A pipeline tells it in the tag “sha256”."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.initial.setdefault("label", label_for(self.subject))
            asked = getattr(self.subject, "enrichment", None)
            told = self.subject.tags.get("sha256") or (asked.found.get("digest") if asked else "")
            self.initial.setdefault("digest", told or "")
