"""Lists of findings and waivers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from governance.findings import queries
from governance.findings.models import Finding, Waiver
from registry.core.adminkit import GovernedAdmin, linked, named
from registry.core.policy import queries as policy


@admin.register(Finding)
class FindingAdmin(GovernedAdmin):
    """整改."""

    visible = staticmethod(queries.visible_to)
    list_display = ("title_said", "release_link", "severity", "state_shown", "due_on", "raised_at")
    list_filter = ("severity", "state")
    list_select_related = ("release__model_use__model",)
    search_fields = ("title", "release__code")
    ordering = ("-raised_at", "-id")

    @admin.display(description=_("title"), ordering="title")
    def title_said(self, row: Finding) -> str:
        """In the language of the page."""
        return row.title_shown

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, row: Finding) -> str:
        """In words."""
        return row.state_label

    @admin.display(description=_("release"))
    def release_link(self, row: Finding) -> SafeString:
        """The model's name, leading to the release's story."""
        return _release(row)


@admin.register(Waiver)
class WaiverAdmin(GovernedAdmin):
    """例外审批."""

    visible = staticmethod(queries.visible_waivers)
    list_display = (
        "requirement_shown", "release_link", "state", "expires_on", "requested_by", "granted_by",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("release__model_use__model", "requested_by", "granted_by")
    ordering = ("-requested_at", "-id")

    def prepared(self, rows: list[Any]) -> list[Any]:  # Any: the base's signature
        """Each waiver with its requirement in words, read once for the page."""
        section: Any = policy.section(policy.active_pack(), "lifecycle")  # Any: of a higher slice
        labels = {one.key: one.label for one in section.requirements}
        is_chinese = (get_language() or "").startswith("zh")
        for row in rows:
            label = labels.get(row.requirement)
            row.label = (label.zh if is_chinese else label.en) if label else row.requirement
        return rows

    @admin.display(description=_("requirement"), ordering="requirement")
    def requirement_shown(self, row: Any) -> str:  # Any: a waiver with its label
        """In words."""
        return str(row.label)

    @admin.display(description=_("release"))
    def release_link(self, row: Waiver) -> SafeString:
        """The model's name, leading to the release's story."""
        return _release(row)


def _release(row: Finding | Waiver) -> SafeString:
    name = named(row.release.model_use.model)
    return linked(row.release, f"{name} · {row.release.code}")
