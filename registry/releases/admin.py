"""Lists of releases and deployments."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, linked, named, short_digest, tier_chip
from registry.releases import queries
from registry.releases.models import Deployment, Release


@admin.register(Release)
class ReleaseAdmin(GovernedAdmin):
    """Releases with their stage."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "code_link", "model_link", "version_label", "tier_shown", "stage", "approved_until",
    )  # fmt: skip
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

    @admin.display(description=_("version"), ordering="version__label")
    def version_label(self, row: Release) -> str:
        """Empty before a version is chosen."""
        return row.version.label if row.version else "–"

    @admin.display(description=_("tier"), ordering="model_use__tier")
    def tier_shown(self, row: Release) -> SafeString:
        """As a chip."""
        return tier_chip(row.model_use.tier, is_provisional=row.model_use.is_provisional)


@admin.register(Deployment)
class DeploymentAdmin(GovernedAdmin):
    """Deployments as reported."""

    visible = staticmethod(queries.visible_deployments)
    list_display = ("release_link", "environment", "digest_shown", "traffic", "deployed_at")
    list_filter = ("environment",)
    list_select_related = ("release__model_use__model",)
    ordering = ("-deployed_at", "-id")

    @admin.display(description=_("release"))
    def release_link(self, row: Deployment) -> SafeString:
        """The model's name, leading to the release's story."""
        name = named(row.release.model_use.model)
        return linked(row.release, f"{name} · {row.release.code}")

    @admin.display(description=_("digest"))
    def digest_shown(self, row: Deployment) -> SafeString:
        """Its beginning."""
        return short_digest(row.digest)

    @admin.display(description=_("traffic"), ordering="traffic_percent")
    def traffic(self, row: Deployment) -> str:
        """In percent."""
        return f"{row.traffic_percent} %"
