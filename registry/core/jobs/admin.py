"""The list of jobs."""

from __future__ import annotations

from django.contrib import admin

from registry.core.adminkit import GovernedAdmin
from registry.core.jobs import queries
from registry.core.jobs.models import Job


@admin.register(Job)
class JobAdmin(GovernedAdmin):
    """One's own long work."""

    visible = staticmethod(queries.visible_to)
    list_display = ("kind", "state", "percent", "requested_at", "ended_at")
    list_filter = ("state",)
    ordering = ("-requested_at",)
