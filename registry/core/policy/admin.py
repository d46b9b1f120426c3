"""The list of policy packs."""

from __future__ import annotations

from django.contrib import admin

from registry.core.adminkit import GovernedAdmin
from registry.core.policy import queries
from registry.core.policy.models import PackRelease


@admin.register(PackRelease)
class PackReleaseAdmin(GovernedAdmin):
    """Releases of policy packs."""

    visible = staticmethod(queries.visible_to)
    list_display = ("key", "version", "state", "profile", "effective_from", "sha256")
    list_filter = ("state",)
    ordering = ("key", "-version")
