"""Lists of committees, seats and resolutions."""

from __future__ import annotations

from django.contrib import admin

from governance.committees import queries
from governance.committees.models import Committee, Resolution, Seat
from registry.core.adminkit import GovernedAdmin


@admin.register(Committee)
class CommitteeAdmin(GovernedAdmin):
    """委员会."""

    visible = staticmethod(queries.visible_to)
    list_display = ("code", "name_zh", "name_en", "entity")
    list_select_related = ("entity",)
    ordering = ("code",)


@admin.register(Seat)
class SeatAdmin(GovernedAdmin):
    """Who sits where."""

    visible = staticmethod(queries.visible_seats)
    list_display = ("committee", "name", "user", "post", "is_chair", "valid_from", "valid_to")
    list_filter = ("committee",)
    list_select_related = ("committee", "user", "post")
    ordering = ("committee__code", "name")


@admin.register(Resolution)
class ResolutionAdmin(GovernedAdmin):
    """决议."""

    visible = staticmethod(queries.visible_resolutions)
    list_display = ("__str__", "outcome", "text_zh", "passed_at")
    list_filter = ("body_code", "year")
    ordering = ("-year", "-number")
