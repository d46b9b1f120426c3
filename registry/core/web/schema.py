"""What OpenAPI says beyond the views: problems, ETag, Idempotency-Key."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Clients branch on `code`; people read `detail` and `hint`.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
        "hint": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}
_STATUSES = {
    "400": "Malformed",
    "401": "Not signed in",
    "403": "Not permitted",
    "404": "Not there, or not to be seen",
    "409": "The state does not allow it",
    "412": "Stale ETag",
    "413": "Too large",
    "415": "Unsupported media type",
    "422": "Refused by a rule",
    "428": "If-Match is needed",
}


class MingceSchema(AutoSchema):
    """Adds the headers that a view says it takes."""

    def get_override_parameters(self) -> list[Any]:  # Any: drf-spectacular's signature
        """If-Match where the action changes a row, Idempotency-Key where it creates one."""
        parameters = list(super().get_override_parameters())
        action = getattr(self.view, "action", None)
        if action in getattr(self.view, "needs_if_match", ()):
            parameters.append(
                OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True)
            )
        if action in getattr(self.view, "replayable", ()):
            parameters.append(
                OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=False)
            )
        return parameters


def add_problem_responses(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:  # Any: JSON
    """Every operation documents its problems with one shared component."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    reference = {"$ref": "#/components/schemas/Problem"}
    for path in result.get("paths", {}).values():
        for operation in path.values():
            responses = operation.get("responses", {})
            for status, description in _STATUSES.items():
                responses.setdefault(
                    status,
                    {
                        "description": description,
                        "content": {"application/problem+json": {"schema": reference}},
                    },
                )
    return result


def describe_choices(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:  # Any: JSON
    """A choice's label in the reader's language is its description.

    As a title generated clients would call their modules by it, in one language or another.
    """
    _describe(result)
    return result


def _describe(node: Any) -> None:  # Any: JSON
    if isinstance(node, list):
        for one in node:
            _describe(one)
    if isinstance(node, dict):
        if "enum" in node and isinstance(node.get("title"), str):
            node.setdefault("description", node.pop("title"))
            node.pop("title", None)
        for one in node.values():
            _describe(one)
