"""The list of reviews."""

from __future__ import annotations

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.reviews import queries
from governance.reviews.models import Campaign, Package
from governance.reviews.queries import attesting
from registry.core.adminkit import GovernedAdmin, linked, named, named_column, tier_chip


@admin.register(Campaign)
class CampaignAdmin(GovernedAdmin):
    """台账确认."""

    visible = staticmethod(attesting.visible_campaigns)
    list_display = ("title_link", "code", named_column("entity", _("legal entity")), "due_on",
                    "state")  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("entity",)
    search_fields = ("code", "title")
    ordering = ("-due_on", "id")

    @admin.display(description=_("title"), ordering="title")
    def title_link(self, row: Campaign) -> SafeString:
        """Leads to the campaign."""
        return linked(row, row.title)


@admin.register(Package)
class PackageAdmin(GovernedAdmin):
    """复核任务包."""

    visible = staticmethod(queries.visible_to)
    list_display = ("code_link", "about", "place_shown", "due_on", "state", "assignee")
    list_filter = ("state", "place")
    list_select_related = ("release__model_use__model", "entity", "assignee")
    search_fields = ("code", "release__code")
    ordering = ("due_on", "id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Package) -> SafeString:
        """Leads to the package."""
        return linked(row, row.code)

    @admin.display(description=_("tier"), ordering="place")
    def place_shown(self, row: Package) -> SafeString | Promise:
        """The tier as a chip; the institution's packages have none."""
        return tier_chip(row.place) if row.release_id else _("the institution's")

    @admin.display(description=_("about"))
    def about(self, row: Package) -> str:
        """The model, or the institution."""
        model = queries.model_of(row)
        return named(model) if model is not None else named(row.entity)
