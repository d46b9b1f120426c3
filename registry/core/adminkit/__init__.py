"""The base of admin pages for governed rows: read-only lists; every write calls a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin


class GovernedList(ChangeList):
    """A page of the list, prepared by its admin in a constant number of statements."""

    def get_results(self, request: HttpRequest) -> None:
        """The rows of the page, with what their columns need."""
        super().get_results(request)
        owner: Any = self.model_admin  # Any: Django's stubs know no GovernedAdmin here
        self.result_list: Any = owner.prepared(list(self.result_list))  # Any: Django's own


class GovernedAdmin(ModelAdmin):
    """A list of what the person may see. Its rows lead to the story page where there is one."""

    visible: Any  # Any: staticmethod(queries.visible…), whose User lies one floor above
    list_display_links = None
    list_per_page = 50
    show_full_result_count = False
    actions = None
    list_filter_submit = True
    list_fullwidth = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:  # Any: any model
        """Nobody's list holds more than they may see."""
        found: QuerySet[Any] = type(self).visible(request.user)  # Any: any model
        ordering = self.get_ordering(request)
        return found.order_by(*ordering) if ordering else found

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only the filters that the list shows: any other would answer about hidden columns."""
        shown = {one if isinstance(one, str) else one[0] for one in self.list_filter}
        name, _separator, how = lookup.partition("__")
        return name in shown and how in ("", "exact", "in", "isnull", "id__exact")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that prepares its rows."""
        return GovernedList

    def prepared(self, rows: list[Any]) -> list[Any]:  # Any: any model
        """The page's rows with what their columns need; a constant number of statements."""
        return rows

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Every signed-in person; the queryset decides what is there."""
        return bool(request.user.is_active)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come about through services only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows change through services only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing governed is deleted."""
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,  # Any: Django's signature
    ) -> HttpResponse:
        """The story page, where there is one; else the plain details."""
        found = self.get_object(request, object_id)
        if found is not None and hasattr(found, "get_absolute_url"):
            return HttpResponseRedirect(found.get_absolute_url())
        page: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return page

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Every column but the derived and the secret ones."""
        hidden = {"search_text", "search_grams", "password", "salt", "secret_digest", "created_at"}
        return [field.name for field in self.model._meta.fields if field.name not in hidden]


def linked(obj: Any, text: object) -> SafeString:  # Any: any row
    """The text as a link to the object's page."""
    url = obj.get_absolute_url() if hasattr(obj, "get_absolute_url") else ""
    return format_html('<a href="{}">{}</a>', url, text) if url else format_html("{}", text)


def named(obj: Any) -> str:  # Any: any row
    """The name in the language of the page."""
    if (get_language() or "").startswith("zh"):
        return str(obj.name_zh)
    return str(obj.name_en or obj.name_zh)


def named_column(field: str, label: Any) -> Callable[[Any], str]:  # Any: a lazy text, any row
    """A column with the name of the row's relation, in the language of the page."""

    @admin.display(description=label, ordering=f"{field}__name_zh", empty_value="–")
    def column(row: Any) -> str:  # Any: any row
        related = getattr(row, field)
        return named(related) if related else ""

    column.__name__ = f"{field}_name"
    return column


def related_column(field: str, label: Any) -> Callable[[Any], str]:  # Any: a lazy text, any row
    """A column with the row's relation, under a label that is translated."""

    @admin.display(description=label, ordering=field, empty_value="–")
    def column(row: Any) -> str:  # Any: any row
        related = getattr(row, field)
        return str(related) if related is not None else ""

    column.__name__ = f"{field}_shown"
    return column


def short_digest(digest: str) -> SafeString:
    """The first twelve characters; the whole of it where the pointer rests."""
    return format_html('<code title="{}">{}</code>', digest, digest[:12]) if digest else _NOTHING


def tier_chip(tier: str, *, is_provisional: bool = False) -> SafeString:
    """The tier as a chip, readable without its colour."""
    text = tier or _("not graded")
    more = format_html(" · {}", _("provisional")) if is_provisional else ""
    return format_html('<span class="tier tier-{}">{}{}</span>', tier or "none", text, more)


_NOTHING = format_html("{}", "–")

__all__ = [
    "GovernedAdmin", "linked", "named", "named_column", "short_digest", "tier_chip",
]  # fmt: skip
