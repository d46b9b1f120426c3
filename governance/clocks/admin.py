"""The list of legal clocks."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.clocks import queries
from governance.clocks.models import Clock
from registry.core.adminkit import GovernedAdmin, linked, named_column


@admin.register(Clock)
class ClockAdmin(GovernedAdmin):
    """法定时限."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "code_link", "kind", named_column("entity", _("legal entity")), "event_at", "due_at",
        "state", "completed_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("entity",)
    search_fields = ("code", "receipt")
    ordering = ("due_at", "id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Clock) -> SafeString:
        """Leads to the clock."""
        return linked(row, row.code)
