"""The addresses of a collection: list, create, detail, change, and its sub-resources."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from registry.core.web.views import Door


def collection(
    name: str, door: type[Door], *, sub: dict[str, tuple[str, str]] | None = None
) -> list[URLPattern]:
    """`name/`, `name/{id}/` and `name/{id}/{sub}/`, for the actions that the door has.

    sub: address → (method, action): a verb is a sub-resource that is created.
    """
    on_list = {"get": "list", "post": "create"}
    on_one = {"get": "retrieve", "patch": "partial_update"}
    has = {action for action in door.capabilities if hasattr(door, action)}
    many = _actions(on_list, has)
    one = _actions(on_one, has)
    found = []
    if many:
        found.append(path(f"{name}/", door.as_view(many), name=name))
    if one:
        found.append(path(f"{name}/<uuid:pk>/", door.as_view(one), name=f"{name}-one"))
    for address, (method, action) in (sub or {}).items():
        view = door.as_view({method: action})
        found.append(path(f"{name}/<uuid:pk>/{address}/", view, name=f"{name}-{address}"))
    return found


def _actions(wanted: dict[str, str], has: set[str]) -> dict[str, Any]:  # Any: DRF takes functions
    return {method: action for method, action in wanted.items() if action in has}
