"""The list of documents."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, linked
from registry.evidence import queries
from registry.evidence.models import Document


@admin.register(Document)
class DocumentAdmin(GovernedAdmin):
    """Evidence, by content."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "title_link", "kind_shown", "file_name", "size_bytes", "handed_in_by", "handed_in_at",
    )  # fmt: skip
    list_select_related = ("handed_in_by",)
    search_fields = ("title", "file_name", "sha256", "kind")
    ordering = ("-handed_in_at", "-id")

    def prepared(self, rows: list[Any]) -> list[Any]:  # Any: the base's signature
        """Each document with its kind in words, read once for the page."""
        kinds, is_chinese = queries.kinds(), (get_language() or "").startswith("zh")
        for row in rows:
            label = kinds[row.kind].label if row.kind in kinds else None
            row.kind_label = (label.zh if is_chinese else label.en) if label else row.kind
        return rows

    @admin.display(description=_("kind"), ordering="kind")
    def kind_shown(self, row: Any) -> str:  # Any: a document with its label
        """In words."""
        return str(row.kind_label)

    @admin.display(description=_("title"))
    def title_link(self, row: Document) -> SafeString:
        """Downloads the file."""
        return linked(row, row.title)
