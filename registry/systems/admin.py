"""The list of systems."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, named, named_column
from registry.systems import queries
from registry.systems.models import System


@admin.register(System)
class SystemAdmin(GovernedAdmin):
    """Systems in which models run."""

    visible = staticmethod(queries.visible_to)
    list_display = ("code", "name", "protection_level", named_column("entity", _("legal entity")))
    list_select_related = ("entity",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code",)

    @admin.display(description=_("name"), ordering="name_zh")
    def name(self, row: System) -> str:
        """In the language of the page."""
        return named(row)
