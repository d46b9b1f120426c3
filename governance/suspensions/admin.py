"""The list of orders."""

from __future__ import annotations

from django.contrib import admin

from governance.suspensions import queries
from governance.suspensions.models import Order
from registry.core.adminkit import GovernedAdmin


@admin.register(Order)
class OrderAdmin(GovernedAdmin):
    """紧急停用与限制使用."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "kind",
        "target_type",
        "reason",
        "state",
        "ordered_by",
        "ordered_at",
        "lifted_by",
    )
    list_filter = ("kind", "state")
    list_select_related = ("ordered_by", "lifted_by")
    ordering = ("-ordered_at", "-id")
