"""Filters named after fields. A key that is missing and one that is invisible look alike."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, ClassVar

from django.db import models
from django.forms import IntegerField
from django.utils.translation import gettext as _
from django_filters import UUIDFilter
from django_filters.filters import Filter
from django_filters.rest_framework import DjangoFilterBackend, FilterSet

from registry.core.errors import DomainError


class WholeNumberFilter(Filter):
    """An exact whole number; one that no column could hold is malformed."""

    field_class = IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: handed on, untyped
        super().__init__(*args, **(kwargs | {"min_value": -(2**63), "max_value": 2**63 - 1}))


PAGING = ("cursor", "page_size", "ordering", "count")
_DEFAULTS = deepcopy(FilterSet.FILTER_DEFAULTS)
_DEFAULTS[models.ForeignKey] = {"filter_class": UUIDFilter}
for _number in (
    models.IntegerField,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.SmallIntegerField,
    models.BigIntegerField,
):
    _DEFAULTS[_number] = {"filter_class": WholeNumberFilter}


class FieldFilters(FilterSet):
    """Relations are filtered by key, without asking whether the other row exists."""

    FILTER_DEFAULTS = _DEFAULTS


class FieldFilterBackend(DjangoFilterBackend):
    """Builds a view's filters once, not on every request."""

    filterset_base = FieldFilters
    _built: ClassVar[dict[type, Any]] = {}  # Any: django-filter is untyped; shared on purpose

    def filter_queryset(
        self,
        request: Any,
        queryset: Any,
        view: Any,  # Any: untyped
    ) -> Any:
        """The rows that pass. A parameter that means nothing is refused, not passed over.

        A mistyped filter would otherwise answer with every row.
        """
        known = {*getattr(view, "filterset_fields", ()), *PAGING, *getattr(view, "reads", ())}
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            raise DomainError(
                "unknown_parameter",
                _("There is no parameter “%(name)s” here.") % {"name": unknown[0][:80]},
                field=unknown[0][:80],
                status=400,
                hint=_("Possible: %(names)s.") % {"names": ", ".join(sorted(known))},
            )
        return super().filter_queryset(request, queryset, view)

    def get_filterset_class(self, view: Any, queryset: Any = None) -> Any:  # Any: untyped
        """The filters of the view's class."""
        kind = type(view)
        if kind not in self._built:
            self._built[kind] = super().get_filterset_class(view, queryset)
        return self._built[kind]
