"""The list of arrangements."""

from __future__ import annotations

from django.contrib import admin

from registry.core.adminkit import GovernedAdmin
from registry.core.calendars import queries
from registry.core.calendars.models import Arrangement


@admin.register(Arrangement)
class ArrangementAdmin(GovernedAdmin):
    """What was recorded about working days."""

    visible = staticmethod(queries.visible_to)
    list_display = ("country", "year", "source", "is_published")
    list_filter = ("country", "is_published")
    search_fields = ("source",)
    ordering = ("country", "-year")
