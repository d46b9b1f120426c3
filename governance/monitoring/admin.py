"""The lists of metrics and of breaches."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.monitoring import queries
from governance.monitoring.models import Breach, Metric
from registry.core.adminkit import GovernedAdmin, linked


@admin.register(Metric)
class MetricAdmin(GovernedAdmin):
    """指标."""

    visible = staticmethod(queries.visible_to)
    list_display = ("key_link", "name_zh", "release", "every_days", "state", "opened_at")
    list_filter = ("state", "key")
    list_select_related = ("release",)
    search_fields = ("key", "name_zh", "name_en", "release__code")
    ordering = ("-opened_at", "-id")

    @admin.display(description=_("key"), ordering="key")
    def key_link(self, row: Metric) -> SafeString:
        """Leads to the metric's page."""
        return linked(row, row.key)


@admin.register(Breach)
class BreachAdmin(GovernedAdmin):
    """监测告警."""

    visible = staticmethod(queries.visible_breaches)
    list_display = (
        "code_link", "level", "kind", "metric", "segment", "release", "value", "opened_at",
        "due_at", "state", "outcome",
    )  # fmt: skip
    list_filter = ("state", "level", "kind", "outcome")
    list_select_related = ("release", "metric")
    search_fields = ("code", "segment", "metric__key", "release__code")
    ordering = ("-opened_at", "-id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Breach) -> SafeString:
        """Leads to the metric's page."""
        return linked(row, row.code)
