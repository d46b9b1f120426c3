"""Every action of every REST door, found by walking the addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from registry.core.people.rules import Capability
from tests.rest.calling import API, NOBODY, Caller


@dataclass(frozen=True)
class Action:
    """One method of one address."""

    method: str
    path: str
    name: str
    door: type[Any]

    @property
    def capability(self) -> Capability | None:
        """What it needs; None is a fault."""
        found = getattr(self.door, "capabilities", {}).get(self.name)
        return found if isinstance(found, Capability) else None

    @property
    def label(self) -> str:
        """`POST /models/`."""
        return f"{self.method} {self.path}"

    def call(self, who: Caller) -> Any:
        """With nothing in it: an unknown key, an empty body."""
        path = self.path.replace("{id}", NOBODY)
        if self.method == "GET":
            return who.get(path)
        return who.send(self.method, path, json.dumps({}))


def _patterns(found: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in found:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


@cache
def views() -> tuple[tuple[str, Any], ...]:
    """Every view below /api/v1/, with its path below it."""
    every = _patterns(get_resolver().url_patterns, "/")
    return tuple(
        (path.removeprefix(API).replace("<uuid:pk>", "{id}"), view)
        for path, view in every
        if path.startswith(API)
    )


@cache
def actions() -> tuple[Action, ...]:
    """Every action, in the order of the addresses."""
    return tuple(
        Action(method.upper(), path, name, view.cls)
        for path, view in views()
        for method, name in getattr(view, "actions", {}).items()
        if method != "head"
    )
