"""The list of jobs."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, linked
from registry.core.jobs import queries
from registry.core.jobs.models import Job

KINDS: dict[str, Promise] = {
    "ledger.verify": _("Verification of the ledger"),
    "ledger.export": _("Export of the ledger"),
    "discovery.scan": _("Scan of a source"),
    "reviews.explain": _("Computation of importances"),
    "reviews.plan": _("Planning of reviews"),
    "reviews.attest": _("Call for attestation"),
    "reviews.forecast": _("Forecast of the workload"),
    "checkpoints.trial": _("Trial of an intervention plan"),
}


# What a job is at; while it compares rows, their table's name.
STAGES: dict[str, Promise] = {
    "entries": _("entries"), "features": _("features"), "plan": _("releases"),
    "regrade": _("releases"), "attest": _("releases"), "forecast": _("releases"),
    "trial": _("decisions"),
    "seen": _("things read"), "compare": _("names compared"),
}  # fmt: skip


def stage_label(stage: str) -> str:
    """What the job is at, in words."""
    if stage in STAGES:
        return str(STAGES[stage])
    try:
        return str(apps.get_model(stage)._meta.verbose_name_plural)
    except (LookupError, ValueError):
        return stage


def job_label(kind: str) -> str:
    """The kind of job in words."""
    return str(KINDS.get(kind, kind))


@admin.register(Job)
class JobAdmin(GovernedAdmin):
    """One's own long work."""

    visible = staticmethod(queries.visible_to)
    list_display = ("kind_shown", "state", "percent_done", "requested_at", "ended_at")
    list_filter = ("state",)
    ordering = ("-requested_at",)

    @admin.display(description=_("kind"), ordering="kind")
    def kind_shown(self, row: Job) -> SafeString:
        """In words, leading to its progress."""
        return linked(row, job_label(row.kind))

    @admin.display(description=_("progress"))
    def percent_done(self, row: Job) -> str:
        """How far it is."""
        return f"{row.percent} %"
