"""The lists of metrics and of breaches."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.template.defaultfilters import floatformat
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from governance.monitoring import queries
from governance.monitoring.models import Breach, Metric
from registry.core.adminkit import GovernedAdmin, linked, related_column

RELEASE = related_column("release", _("release"))


@admin.register(Metric)
class MetricAdmin(GovernedAdmin):
    """指标."""

    visible = staticmethod(queries.visible_to)
    list_display = ("key_link", "name_shown", RELEASE, "every_days", "state", "opened_at")
    list_filter = ("state", "key")
    list_select_related = ("release",)
    search_fields = ("key", "name_zh", "name_en", "release__code")
    ordering = ("-opened_at", "-id")

    @admin.display(description=_("key"), ordering="key")
    def key_link(self, row: Metric) -> SafeString:
        """Leads to the metric's page."""
        return linked(row, row.key)

    def prepared(self, rows: list[Metric]) -> list[Metric]:
        """With their names."""
        _with_names(rows)
        return rows

    @admin.display(description=_("name"))
    def name_shown(self, row: Metric) -> str:
        """In the language of the page."""
        return str(row.name_told)  # type: ignore[attr-defined]  # see `prepared`


@admin.register(Breach)
class BreachAdmin(GovernedAdmin):
    """监测告警."""

    visible = staticmethod(queries.visible_breaches)
    list_display = (
        "code_link", "level", "kind", "metric_shown", "segment", RELEASE, "value_shown",
        "opened_at", "due_at", "state", "outcome",
    )  # fmt: skip
    list_filter = ("state", "level", "kind", "outcome")
    list_select_related = ("release", "metric")
    search_fields = ("code", "segment", "metric__key", "release__code")
    ordering = ("-opened_at", "-id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Breach) -> SafeString:
        """Leads to the metric's page."""
        return linked(row, row.code)

    def prepared(self, rows: list[Breach]) -> list[Breach]:
        """With the names of their metrics."""
        _with_names([row.metric for row in rows])
        return rows

    @admin.display(description=_("metric"), ordering="metric__key")
    def metric_shown(self, row: Breach) -> str:
        """By its name, in the language of the page."""
        return str(row.metric.name_told)  # type: ignore[attr-defined]  # see `prepared`

    @admin.display(description=_("value"), ordering="value", empty_value="–")
    def value_shown(self, row: Breach) -> str:
        """Four places are enough for a list."""
        return "" if row.value is None else floatformat(row.value, -4)


def _with_names(metrics: list[Metric]) -> None:
    """Each metric's name in the language of the page; the policy is read once."""
    section = queries.active_section()
    in_chinese = (get_language() or "").startswith("zh")
    for row in metrics:
        zh, en = queries.metric_named(row, section.metric(row.key))
        told: Any = row  # Any: an attribute for the list alone
        told.name_told = zh if in_chinese else en
