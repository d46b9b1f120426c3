"""The list of the experiments pool."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredModel
from governance.mlflow_compat.rules.searching import is_prompt
from registry.core.adminkit import GovernedAdmin, linked, named_column


@admin.register(RegisteredModel)
class RegisteredModelAdmin(GovernedAdmin):
    """实验池."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "name_link", "last_number", named_column("model", _("model")),
        named_column("entity", _("legal entity")), "registered_by", "registered_at", "touched_at",
    )  # fmt: skip
    list_filter = (("model", admin.EmptyFieldListFilter),)
    list_select_related = ("entity", "model", "registered_by")
    search_fields = ("name",)
    ordering = ("-registered_at", "-id")

    @admin.display(description=_("registered name"), ordering="name")
    def name_link(self, row: RegisteredModel) -> SafeString:
        """Leads to the experiment; a prompt is marked, as it is no model."""
        name = linked(row, row.name)
        if not is_prompt(row.tags):
            return name
        return format_html('{} <span class="mark">{}</span>', name, gettext("prompt"))
