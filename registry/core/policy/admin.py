"""The list of policy packs."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, short_digest
from registry.core.policy import queries
from registry.core.policy.models import PackRelease


@admin.register(PackRelease)
class PackReleaseAdmin(GovernedAdmin):
    """Releases of policy packs."""

    visible = staticmethod(queries.visible_to)
    list_display = ("key", "version", "state", "profile_shown", "effective_from", "digest_shown")
    list_filter = ("state",)
    ordering = ("key", "-version")

    @admin.display(description=_("profile"), ordering="profile")
    def profile_shown(self, row: PackRelease) -> str:
        """In words."""
        known = {"strict": _("strict"), "literal": _("literal")}
        return str(known.get(row.profile, row.profile or "–"))

    @admin.display(description=_("digest"))
    def digest_shown(self, row: PackRelease) -> SafeString:
        """Its beginning."""
        return short_digest(row.sha256)
