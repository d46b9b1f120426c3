"""Lists of models and versions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from registry.catalogue import queries
from registry.catalogue.models import AIModel, ModelVersion
from registry.core.adminkit import (
    GovernedAdmin,
    linked,
    named,
    named_column,
    short_digest,
    tier_chip,
)


@admin.register(AIModel)
class AIModelAdmin(GovernedAdmin):
    """模型台账: the inventory."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "code_link", "name", "tier_shown", named_column("entity", _("legal entity")), "owner",
        "registered_at",
    )  # fmt: skip
    list_filter = ("tier", "entity")
    list_select_related = ("entity", "owner")
    search_fields = ("search_text",)
    search_help_text = _("Names, former names, codes, pinyin initials")
    ordering = ("-registered_at", "-id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: AIModel) -> SafeString:
        """Leads to the story page."""
        return linked(row, row.code)

    @admin.display(description=_("name"), ordering="name_zh")
    def name(self, row: AIModel) -> SafeString:
        """In the language of the page."""
        return linked(row, named(row))

    @admin.display(description=_("tier"), ordering="tier")
    def tier_shown(self, row: AIModel) -> SafeString:
        """As a chip, with whether a use of this tier is provisional."""
        return tier_chip(row.tier, is_provisional=getattr(row, "has_provisional", False))

    def prepared(self, rows: list[Any]) -> list[Any]:  # Any: the base's signature
        """Each model with whether its tier is provisional, in one statement for the page."""
        uses = AIModel.objects.filter(
            pk__in=[row.pk for row in rows],
            uses__is_live=True,
            uses__is_provisional=True,
            uses__tier=F("tier"),
        )
        found = set(uses.values_list("pk", flat=True))
        for row in rows:
            row.has_provisional = row.pk in found
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:  # Any: any model
        """The same search as the API's."""
        return queries.matching(queryset, search_term), False


@admin.register(ModelVersion)
class ModelVersionAdmin(GovernedAdmin):
    """Versions with their identity."""

    visible = staticmethod(queries.visible_versions)
    list_display = ("label", "model_link", "identity_kind", "digest_shown", "registered_at")
    list_filter = ("identity_kind",)
    list_select_related = ("model",)
    search_fields = ("label", "digest")
    ordering = ("-registered_at", "-id")

    @admin.display(description=_("model"))
    def model_link(self, row: ModelVersion) -> SafeString:
        """Leads to the model's story."""
        return linked(row.model, named(row.model))

    @admin.display(description=_("digest"))
    def digest_shown(self, row: ModelVersion) -> SafeString:
        """Its beginning."""
        return short_digest(row.digest)
