"""Lists of approvals and conditions."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.approvals import queries
from governance.approvals.models import Approval, Condition
from registry.core.adminkit import GovernedAdmin, linked, named, tier_chip


@admin.register(Approval)
class ApprovalAdmin(GovernedAdmin):
    """审批."""

    visible = staticmethod(queries.visible_to)
    list_display = ("code_link", "model_name", "tier_shown", "state", "requested_at", "valid_until")
    list_filter = ("state", "tier")
    list_select_related = ("release__model_use__model",)
    search_fields = ("code", "release__code", "release__model_use__model__name_zh")
    ordering = ("-requested_at", "-id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Approval) -> SafeString:
        """Leads to the papers and the ballot."""
        return linked(row, row.code)

    @admin.display(description=_("model"))
    def model_name(self, row: Approval) -> SafeString:
        """In the language of the page."""
        return linked(row, named(row.release.model_use.model))

    @admin.display(description=_("tier"), ordering="tier")
    def tier_shown(self, row: Approval) -> SafeString:
        """As a chip."""
        return tier_chip(row.tier)


@admin.register(Condition)
class ConditionAdmin(GovernedAdmin):
    """Conditions as dated tasks."""

    visible = staticmethod(queries.visible_conditions)
    list_display = ("text", "approval_link", "owner", "due_on", "met_at")
    list_select_related = ("owner", "approval__release__model_use__model")
    ordering = ("due_on",)

    @admin.display(description=_("approval"))
    def approval_link(self, row: Condition) -> SafeString:
        """The model's name, leading to the approval."""
        model = row.approval.release.model_use.model
        return linked(row.approval, f"{named(model)} · {row.approval.code}")
