"""Lists of use cases and uses."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, linked, named, named_column, tier_chip
from registry.usecases import queries
from registry.usecases.models import ModelUse, UseCase


@admin.register(UseCase)
class UseCaseAdmin(GovernedAdmin):
    """应用场景."""

    visible = staticmethod(queries.visible_use_cases_with_uses)
    list_display = (
        "code", "name", "models_shown", "process_node", named_column("entity", _("legal entity")),
        "owner",
    )  # fmt: skip
    list_select_related = ("entity", "owner")
    search_fields = ("code", "name_zh", "name_en", "purpose")
    ordering = ("code",)

    @admin.display(description=_("name"), ordering="name_zh")
    def name(self, row: UseCase) -> str:
        """In the language of the page."""
        return named(row)

    @admin.display(description=_("models"))
    def models_shown(self, row: Any) -> SafeString:  # Any: a use case with its uses
        """Each leads to its story."""
        found = {use.model_id: use.model for use in row.seen}
        links = ((linked(model, named(model)),) for model in found.values())
        return format_html_join(", ", "{}", links) or format_html("{}", "–")


@admin.register(ModelUse)
class ModelUseAdmin(GovernedAdmin):
    """Uses of models, with the grade in force."""

    visible = staticmethod(queries.visible_uses)
    list_display = (
        "code", "model_link", named_column("use_case", _("use case")),
        named_column("entity", _("using entity")), "tier_shown",
    )  # fmt: skip
    list_filter = ("tier", "is_provisional", "entity")
    list_select_related = ("model", "use_case", "entity")
    search_fields = ("code", "model__name_zh", "use_case__name_zh")
    ordering = ("code",)

    @admin.display(description=_("model"))
    def model_link(self, row: ModelUse) -> SafeString:
        """Leads to the model's story."""
        return linked(row.model, named(row.model))

    @admin.display(description=_("tier"), ordering="tier")
    def tier_shown(self, row: ModelUse) -> SafeString:
        """As a chip, with whether it is provisional."""
        return tier_chip(row.tier, is_provisional=row.is_provisional)
