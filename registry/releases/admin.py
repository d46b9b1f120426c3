"""Lists of releases and deployments."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, linked, named, tier_chip
from registry.releases import queries
from registry.releases.models import Deployment, Release


@admin.register(Release)
class ReleaseAdmin(GovernedAdmin):
    """Releases with their stage."""

    visible = staticmethod(queries.visible_to)
    list_display = ("code_link", "model_link", "version", "tier_shown", "stage", "approved_until")
    list_filter = ("stage", "model_use__tier")
    list_select_related = ("version", "model_use__model")
    search_fields = ("code", "model_use__model__name_zh", "model_use__model__code")
    ordering = ("-stage_since", "-id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Release) -> SafeString:
        """Leads to the story page."""
        return linked(row, row.code)

    @admin.display(description=_("model"))
    def model_link(self, row: Release) -> SafeString:
        """Leads to the model's story."""
        return linked(row, named(row.model_use.model))

    @admin.display(description=_("tier"), ordering="model_use__tier")
    def tier_shown(self, row: Release) -> SafeString:
        """As a chip."""
        return tier_chip(row.model_use.tier, is_provisional=row.model_use.is_provisional)


@admin.register(Deployment)
class DeploymentAdmin(GovernedAdmin):
    """Deployments as reported."""

    visible = staticmethod(queries.visible_deployments)
    list_display = ("release", "environment", "digest", "traffic_percent", "deployed_at")
    list_filter = ("environment",)
    list_select_related = ("release",)
    ordering = ("-deployed_at", "-id")
