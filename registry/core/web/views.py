"""The bases of REST doors: parse, call one service, present. They decide nothing."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import F, QuerySet
from django.http import Http404
from rest_framework import serializers, viewsets
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from registry.core.web.concurrency import etag
from registry.core.web.filters import FieldFilterBackend
from registry.core.web.parsing import StrictJSONParser
from registry.core.web.rendering import ExactJSONRenderer


def columns_of(serializer: type[serializers.BaseSerializer[Any]]) -> dict[str, str]:
    """The serializer's fields as model paths: {"owner_name": "owner__name"}."""
    fields = serializer().fields  # type: ignore[attr-defined]  # Serializer and ModelSerializer
    return {name: (field.source or name).replace(".", "__") for name, field in fields.items()}


def as_rows(
    queryset: QuerySet[Any], columns: dict[str, str]
) -> QuerySet[Any, dict[str, Any]]:  # Any: any model
    """The columns alone, as dicts: one statement, no model instances."""
    plain = [name for name, path in columns.items() if name == path]
    renamed = {name: F(path) for name, path in columns.items() if name != path}
    return queryset.values(*plain, **renamed)


class CallerRequest(Request):
    """A request whose caller is known: SignedIn lets no other through."""

    user: Any  # a people.User, which lies one floor above


class Door(viewsets.GenericViewSet[Any]):  # Any: each door has its own model
    """A collection. Subclasses name `row` (a flat serializer), `orderings` and `visible`.

    capabilities: action → the capability that shows the button; every action has one.
    """

    request: CallerRequest
    queryset: QuerySet[Any] | None = None  # Any: each door has its own model
    row: ClassVar[type[serializers.BaseSerializer[Any]]]
    orderings: ClassVar[dict[str, str]] = {}
    default_ordering: ClassVar[str] = ""
    reads: ClassVar[tuple[str, ...]] = ()  # further query parameters of the list
    capabilities: ClassVar[dict[str, Any]] = {}  # Any: people's Capability is above
    needs_if_match: ClassVar[tuple[str, ...]] = ()
    replayable: ClassVar[tuple[str, ...]] = ("create", "bulk")  # honour an Idempotency-Key
    lookup_value_regex = "[0-9a-f-]{36}"
    http_method_names = ["get", "head", "post", "patch"]
    parser_classes: tuple[type[BaseParser], ...] = (StrictJSONParser,)
    renderer_classes = (ExactJSONRenderer,)
    filter_backends = (FieldFilterBackend,)

    def visible(self) -> QuerySet[Any]:  # Any: any model
        """The rows that this caller may see."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:  # Any: any model
        """What drf-spectacular and the filters look at."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset.none() if self.queryset is not None else QuerySet()
        return self.visible()

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """The flat row, unless the action says otherwise."""
        return self.row

    def page(self, queryset: QuerySet[Any]) -> Response:  # Any: any model
        """One page of flat rows."""
        paginator = self.paginator
        assert paginator is not None  # noqa: S101 (a setting)
        rows = paginator.paginate_queryset(_rows(queryset, self.row), self.request, view=self)
        return paginator.get_paginated_response(rows)


def _rows(queryset: QuerySet[Any], row: type[serializers.BaseSerializer[Any]]) -> QuerySet[Any]:
    return as_rows(queryset, columns_of(row))


class ListDoor(Door):
    """Adds the list and the detail of a collection of governed rows."""

    def list(self, request: CallerRequest) -> Response:
        """A page of the rows that the caller may see."""
        return self.page(self.filter_queryset(self.get_queryset()))

    def retrieve(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """One row, with its ETag."""
        columns = columns_of(self.row)
        found = as_rows(self.get_queryset().filter(pk=pk), columns).first()
        if found is None:
            raise Http404
        headers = {"ETag": etag(found["row_version"])} if "row_version" in found else {}
        return Response(found, headers=headers)


def present(row: Any, serializer: type[serializers.BaseSerializer[Any]], status: int) -> Response:
    """A row that a service returned, with its ETag."""
    return Response(serializer(row).data, status=status, headers={"ETag": etag(row.row_version)})
