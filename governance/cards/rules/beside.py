"""Facts that a format has no place for, as pairs of a name and a text beside it. Pure.

`mingce:prohibited_uses` may stand several times; what has parts is canonical JSON.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from governance.cards.rules.card import Pair
from governance.cards.rules.reading import Node, as_field, load, told, wrong_kind

PREFIX = "mingce:"
Kind = TypeVar("Kind")


def written(thing: Any, names: Iterable[str], prefix: str = PREFIX) -> list[Pair]:
    """The named fields as pairs, what is empty left out. thing: one of the card's dataclasses."""
    found: list[Pair] = []
    for name in names:
        value, key = getattr(thing, name), f"{prefix}{name}"
        if dataclasses.is_dataclass(value):
            inner = [one.name for one in dataclasses.fields(value)]
            found += written(value, inner, f"{key}:")
        elif isinstance(value, tuple):
            found += [Pair(key, one if isinstance(one, str) else text(one)) for one in value]
        elif value:
            found.append(Pair(key, value))
    return found


def text(one: Any) -> str:  # Any: one of the card's dataclasses
    """Canonical JSON."""
    return json.dumps(told(one), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read(
    pairs: Iterable[Pair], kind: type[Kind], names: Iterable[str], prefix: str = PREFIX
) -> dict[str, Any]:  # Any: the dataclass's own fields
    """The fields that the pairs tell. Raises DomainError where one was not `written` so."""
    told_of: dict[str, list[str]] = {}
    every = list(pairs)
    for one in every:
        told_of.setdefault(one.name, []).append(one.value)
    hints, found = get_type_hints(kind), {}
    for name in names:
        key, hint = f"{prefix}{name}", hints[name]
        if dataclasses.is_dataclass(hint):
            inner = [one.name for one in dataclasses.fields(hint)]
            parts = read(every, hint, inner, f"{key}:")  # type: ignore[arg-type]  # a dataclass
            if parts:
                found[name] = hint(**parts)  # type: ignore[operator]  # a dataclass
        elif key in told_of:
            found[name] = _field(key, told_of[key], hint)
    return found


def _field(key: str, values: list[str], hint: Any) -> Any:  # Any: a type, and a value of it
    if get_origin(hint) is tuple and get_args(hint)[0] is not str:
        nodes = [load(value.encode()).value for value in values]
        return as_field(Node(nodes, key), hint)
    if hint is str and len(values) > 1:
        raise wrong_kind(key, "one text")
    return as_field(Node(values if get_origin(hint) is tuple else values[0], key), hint)


def joined(thing: Kind, more: dict[str, Any]) -> Kind:  # Any: the dataclass's own fields
    """The thing, with what stood beside it too."""
    return dataclasses.replace(thing, **more)  # type: ignore[type-var]  # a dataclass
