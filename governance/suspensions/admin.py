"""The list of orders."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.suspensions import queries
from governance.suspensions.models import Order
from registry.core.adminkit import GovernedAdmin, linked


@admin.register(Order)
class OrderAdmin(GovernedAdmin):
    """紧急停用与限制使用."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "kind_link", "is_drill", "target", "reason", "state_shown", "ordered_by", "ordered_at",
        "lifted_by",
    )  # fmt: skip
    list_filter = ("kind", "is_drill", "state")
    list_select_related = ("ordered_by", "lifted_by", "resume_asked_by")
    ordering = ("-ordered_at", "-id")

    def prepared(self, rows: list[Any]) -> list[Any]:  # Any: the base's signature
        """Each order with what it is about: at most four statements."""
        return queries.with_targets(rows)

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, row: Order) -> str:
        """In words, with who has asked for resuming."""
        state = row.get_state_display()
        if row.state != "in_force" or row.resume_asked_by is None:
            return state
        asked = _("resuming asked for by %(name)s") % {"name": row.resume_asked_by.name}
        return f"{state} · {asked}"

    @admin.display(description=_("order"), ordering="kind")
    def kind_link(self, row: Order) -> SafeString:
        """Leads to the order."""
        return linked(row, row.get_kind_display())

    @admin.display(description=_("about"))
    def target(self, row: Order) -> SafeString:
        """The model's name, and the release where only that is stopped."""
        text, url = queries.target_of(row)
        return format_html('<a href="{}">{}</a>', url, text) if url else format_html("{}", text)
