"""Lists of committees, seats and resolutions."""

from __future__ import annotations

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from governance.committees import queries
from governance.committees.models import Committee, Resolution, Seat
from registry.core.adminkit import GovernedAdmin, named, named_column
from registry.core.people.models import ROLE_LABELS

OUTCOMES: dict[str, Promise] = {
    "approved": _("approved"),
    "rejected": _("rejected"),
    "deferred": _("deferred, returned for supplement"),
}


@admin.register(Committee)
class CommitteeAdmin(GovernedAdmin):
    """委员会."""

    visible = staticmethod(queries.visible_to)
    list_display = ("code", "name", named_column("entity", _("legal entity")))
    list_select_related = ("entity",)
    ordering = ("code",)

    @admin.display(description=_("name"), ordering="name_zh")
    def name(self, row: Committee) -> str:
        """In the language of the page."""
        return named(row)


@admin.register(Seat)
class SeatAdmin(GovernedAdmin):
    """Who sits where."""

    visible = staticmethod(queries.visible_seats)
    list_display = (
        named_column("committee", _("committee")), "seat", "user", "post", "is_chair",
        "valid_from", "valid_to",
    )  # fmt: skip
    list_filter = ("committee",)
    list_select_related = ("committee", "user", "post")
    ordering = ("committee__code", "name")

    @admin.display(description=_("seat"), ordering="name")
    def seat(self, row: Seat) -> str:
        """The role for which policy names the seat; a plain member has none."""
        known = {role.value: label for role, label in ROLE_LABELS.items()}
        return str(known.get(row.name, row.name or "–"))


@admin.register(Resolution)
class ResolutionAdmin(GovernedAdmin):
    """决议."""

    visible = staticmethod(queries.visible_resolutions)
    list_display = ("code", "outcome_shown", "text", "passed_at")
    list_filter = ("body_code", "year")
    ordering = ("-year", "-number")

    @admin.display(description=_("number"), ordering="number")
    def code(self, row: Resolution) -> str:
        """The body, the year and the number."""
        return str(row)

    @admin.display(description=_("outcome"), ordering="outcome")
    def outcome_shown(self, row: Resolution) -> str:
        """In words."""
        return str(OUTCOMES.get(row.outcome, row.outcome))

    @admin.display(description=_("text"))
    def text(self, row: Resolution) -> str:
        """In the language of the page."""
        is_chinese = (get_language() or "").startswith("zh")
        return row.text_zh if is_chinese else row.text_en
