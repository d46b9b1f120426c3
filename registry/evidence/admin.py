"""The list of documents."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, linked
from registry.evidence import queries
from registry.evidence.models import Document


@admin.register(Document)
class DocumentAdmin(GovernedAdmin):
    """Evidence, by content."""

    visible = staticmethod(queries.visible_to)
    list_display = ("title_link", "kind", "file_name", "size_bytes", "handed_in_by", "handed_in_at")
    list_select_related = ("handed_in_by",)
    search_fields = ("title", "file_name", "sha256", "kind")
    ordering = ("-handed_in_at", "-id")

    @admin.display(description=_("title"))
    def title_link(self, row: Document) -> SafeString:
        """Downloads the file."""
        return linked(row, row.title)
