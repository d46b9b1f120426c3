"""Keyset pagination: a page costs the same however deep it lies."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from registry.core.errors import DomainError

PAGE = 50
MOST = 200
COUNT_CAP = 10_000


class KeysetPagination(BasePagination):
    """`?page_size=&cursor=&ordering=&count=true`; the view names the orderings it has indexes for.

    The next page begins after the last row's ordering values and key, so rows that come or go
    meanwhile are neither skipped nor repeated.
    """

    def paginate_queryset(  # type: ignore[override]  # doors page querysets, never lists
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:  # Any: any model
        """The page's rows."""
        self.request = request
        self.model = queryset.model
        self.ordering = self._ordering(request, view)
        size = self._size(request)
        self.count = self._count(queryset) if request.query_params.get("count") == "true" else None
        rows = queryset.order_by(*self.ordering)
        cursor = request.query_params.get("cursor")
        if cursor:
            rows = self._behind(rows, cursor)
        page = list(rows[: size + 1])
        self.has_next = len(page) > size
        page = page[:size]
        self.last = page[-1] if page else None
        return page

    def get_paginated_response(self, data: Any) -> Response:  # Any: JSON
        """`results`, the address of the next page, and the count where it was asked for."""
        body: dict[str, Any] = {"next": self._next(), "results": data}  # Any: JSON
        if self.count is not None:
            body["count"] = self.count
        return Response(body)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
        """What OpenAPI says of a page."""
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": ["string", "null"], "format": "uri"},
                "count": {
                    "type": "integer",
                    "description": f"With ?count=true; capped at {COUNT_CAP + 1} (“more than”).",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # Any: JSON
        """The query parameters."""
        orderings = sorted(getattr(view, "orderings", {}))
        both = [sign + name for name in orderings for sign in ("", "-")]
        return [
            _parameter("cursor", {"type": "string"}),
            _parameter("page_size", {"type": "integer", "minimum": 1, "maximum": MOST}),
            _parameter("count", {"type": "boolean"}),
            _parameter(
                "ordering", {"type": "string", "enum": both} if both else {"type": "string"}
            ),
        ]

    def _ordering(self, request: Request, view: Any) -> tuple[str, ...]:  # Any: a door
        """The ordering as model paths, the key last."""
        orderings: dict[str, str] = getattr(view, "orderings", {})
        asked = request.query_params.get("ordering") or getattr(view, "default_ordering", "")
        key = self.model._meta.pk.name
        if not asked:
            return (key,)
        sign = "-" if asked.startswith("-") else ""
        name = asked.removeprefix("-")
        if name not in orderings:
            raise DomainError(
                "unknown_ordering",
                _("There is no ordering by “%(name)s”.") % {"name": name},
                field="ordering",
                status=400,
                hint=_("Possible: %(names)s.") % {"names": ", ".join(sorted(orderings))},
            )
        path = orderings[name]
        return (sign + path,) if path == key else (sign + path, sign + key)

    def _size(self, request: Request) -> int:
        raw = request.query_params.get("page_size") or str(PAGE)
        if len(raw) > 4 or not raw.isdecimal() or not 1 <= int(raw) <= MOST:
            raise DomainError(
                "page_size",
                _("A page has 1 to %(most)s rows.") % {"most": MOST},
                field="page_size",
                status=400,
            )
        return int(raw)

    def _count(self, queryset: QuerySet[Any]) -> int:  # Any: any model
        return queryset.order_by().values("pk")[: COUNT_CAP + 1].count()

    def _behind(self, rows: QuerySet[Any], cursor: str) -> QuerySet[Any]:  # Any: any model
        """The rows behind the cursor. Raises `bad_cursor` for one of another list or ordering."""
        try:
            return rows.filter(self._after(self._decode(cursor)))
        except (ValueError, TypeError, binascii.Error, ValidationError) as error:
            raise DomainError(
                "bad_cursor",
                _("This cursor is not of this list and ordering."),
                field="cursor",
                status=400,
            ) from error

    def _after(self, values: list[Any]) -> Q:  # Any: column values
        """Rows behind the cursor, in the ordering's direction."""
        paths = [name.removeprefix("-") for name in self.ordering]
        is_down = self.ordering[-1].startswith("-")
        condition = Q(**{f"{paths[-1]}__{_than(is_down)}": values[-1]})
        if len(paths) > 1:
            condition = self._beyond(paths[0], values[0], condition, is_down=is_down)
        return condition

    def _beyond(self, path: str, value: Any, tie: Q, *, is_down: bool) -> Q:  # Any: a value
        """Behind the value, or level with it and behind in the tie. Empty values stand highest."""
        is_nullable = self.model._meta.get_field(path).null
        if value is None and is_nullable:
            level = Q(**{f"{path}__isnull": True}) & tie
            return level | Q(**{f"{path}__isnull": False}) if is_down else level
        behind = Q(**{f"{path}__{_than(is_down)}": value}) | (Q(**{path: value}) & tie)
        if is_nullable and not is_down:
            return behind | Q(**{f"{path}__isnull": True})
        return behind & Q(**{f"{path}__{_than(is_down)}e": value})  # lets the index bound the scan

    def _next(self) -> str | None:
        if not self.has_next or self.last is None:
            return None
        values = [_spelled(_value(self.last, name.removeprefix("-"))) for name in self.ordering]
        told = json.dumps({"by": self.ordering[0], "at": values})
        query = self.request.query_params.copy()
        query["cursor"] = base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")

    def _decode(self, cursor: str) -> list[Any]:  # Any: JSON
        padded = cursor + "=" * (-len(cursor) % 4)
        told = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        values = told["at"] if isinstance(told, dict) and told.keys() == {"by", "at"} else None
        if (
            not isinstance(values, list)
            or told["by"] != self.ordering[0]
            or len(values) != len(self.ordering)
            or any(isinstance(value, dict | list) for value in values)
        ):
            raise ValueError(cursor)
        return [_moment(value) for value in values]


def _than(is_down: bool) -> str:
    return "lt" if is_down else "gt"


def _value(row: Any, path: str) -> Any:  # Any: a row or a dict
    if isinstance(row, dict):
        return row[path]
    for part in path.split("__"):
        row = getattr(row, part)
    return row


def _spelled(value: Any) -> Any:  # Any: a column's value, as JSON
    """A moment in UTC with microseconds, as `_moment` reads it; what JSON can't hold as text."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _moment(value: Any) -> Any:  # Any: JSON
    if isinstance(value, str) and len(value) == 27 and value.endswith("Z"):
        parsed = parse_datetime(value)
        return parsed.astimezone(dt.UTC) if parsed else value
    return value


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
    return {"name": name, "in": "query", "required": False, "schema": schema}
