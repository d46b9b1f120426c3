"""The list of systems."""

from __future__ import annotations

from django.contrib import admin

from registry.core.adminkit import GovernedAdmin
from registry.systems import queries
from registry.systems.models import System


@admin.register(System)
class SystemAdmin(GovernedAdmin):
    """Systems in which models run."""

    visible = staticmethod(queries.visible_to)
    list_display = ("code", "name_zh", "name_en", "protection_level", "entity")
    list_select_related = ("entity",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code",)
