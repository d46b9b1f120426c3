"""The list of validations."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.validations import queries
from governance.validations.models import Validation
from registry.core.adminkit import GovernedAdmin, linked, named


@admin.register(Validation)
class ValidationAdmin(GovernedAdmin):
    """模型验证."""

    visible = staticmethod(queries.visible_to)
    list_display = ("code_link", "model_name", "validator", "state", "conclusion", "started_at")
    list_filter = ("state", "conclusion")
    list_select_related = ("release__model_use__model", "validator")
    search_fields = ("code", "release__code")
    ordering = ("-started_at", "-id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Validation) -> SafeString:
        """Leads to the validation."""
        return linked(row, row.code)

    @admin.display(description=_("model"))
    def model_name(self, row: Validation) -> SafeString:
        """Leads to the release's story."""
        return linked(row.release, named(row.release.model_use.model))
