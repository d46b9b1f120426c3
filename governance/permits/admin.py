"""The list of permits."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.permits import queries
from governance.permits.models import Permit
from registry.core.adminkit import GovernedAdmin, linked, short_digest


@admin.register(Permit)
class PermitAdmin(GovernedAdmin):
    """部署许可."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "code_link", "kind", "release", "environment", "digest_shown", "requested_by", "issued_at",
        "expires_at", "revoked_because",
    )  # fmt: skip
    list_filter = ("kind", "environment", "revoked_because")
    list_select_related = ("release", "requested_by", "model_use")
    search_fields = ("code", "digest", "reference")
    ordering = ("-issued_at", "-id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Permit) -> SafeString:
        """Leads to the release's page."""
        return linked(row, row.code)

    @admin.display(description=_("digest"))
    def digest_shown(self, row: Permit) -> SafeString:
        """The first of it."""
        return short_digest(row.digest)
