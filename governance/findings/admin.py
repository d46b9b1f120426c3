"""Lists of findings and waivers."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.findings import queries
from governance.findings.models import Finding, Waiver
from registry.core.adminkit import GovernedAdmin, linked


@admin.register(Finding)
class FindingAdmin(GovernedAdmin):
    """整改."""

    visible = staticmethod(queries.visible_to)
    list_display = ("title", "release_link", "severity", "state", "due_on", "raised_at")
    list_filter = ("severity", "state")
    list_select_related = ("release",)
    search_fields = ("title", "release__code")
    ordering = ("-raised_at", "-id")

    @admin.display(description=_("release"))
    def release_link(self, row: Finding) -> SafeString:
        """Leads to the release's story."""
        return linked(row.release, row.release.code)


@admin.register(Waiver)
class WaiverAdmin(GovernedAdmin):
    """例外审批."""

    visible = staticmethod(queries.visible_waivers)
    list_display = ("requirement", "release", "state", "expires_on", "requested_by", "granted_by")
    list_filter = ("state",)
    list_select_related = ("release", "requested_by", "granted_by")
    ordering = ("-requested_at", "-id")
