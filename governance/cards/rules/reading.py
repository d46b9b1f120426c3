"""Reading what others wrote: bounded, strict, and every refusal names the place. Pure."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from registry.core.errors import DomainError
from registry.core.web.disguises import is_disguised

MOST_BYTES = 1_000_000  # of a document
MOST_LEVELS = 20
MOST_ITEMS = 500  # of any list
MOST_LETTERS = 20_000  # of any text
Kind = TypeVar("Kind")


def too_large() -> DomainError:
    """It has more bytes than are read."""
    return DomainError(
        "card_too_large",
        "A model card has at most %(most)s bytes.",
        field="file",
        status=413,
        params={"most": MOST_BYTES},
    )


def not_read(why: object) -> DomainError:
    """It is no JSON or YAML at all."""
    return DomainError(
        "card_unreadable",
        "This can't be read: %(why)s.",
        field="file",
        status=400,
        params={"why": str(why)[:200]},
    )


def wrong_kind(place: str, wanted: str) -> DomainError:
    """At that place stands something else."""
    return DomainError(
        "card_unreadable",
        "At %(place)s there should be: %(wanted)s.",
        field=place[:200] or "/",
        status=400,
        params={"place": place[:200] or "/", "wanted": wanted},
    )


def disguised(place: str) -> DomainError:
    """At that place stands what nobody sees, or what turns a text round."""
    return DomainError(
        "card_unreadable",
        "A text holds no characters that hide or turn others round.",
        field=place[:200] or "/",
        status=400,
    )


def too_much(place: str, most: int) -> DomainError:
    """More than is read."""
    return DomainError(
        "card_unreadable",
        "At %(place)s there is more than is read (%(most)s).",
        field=place[:200] or "/",
        status=400,
        params={"place": place[:200] or "/", "most": most},
    )


@dataclass(frozen=True)
class Node:
    """A value of the document with its place. What is not there is empty."""

    value: Any  # Any: JSON
    place: str = ""

    def __bool__(self) -> bool:
        return self.value not in (None, "", [], {})

    def at(self, *names: str) -> Node:
        """What stands under the names, one inside the other."""
        found = self
        for name in names:
            if found.value is None:
                return Node(None, f"{found.place}.{name}")
            if not isinstance(found.value, dict):
                raise wrong_kind(found.place, "object")
            found = Node(found.value.get(name), f"{found.place}.{name}".lstrip("."))
        return found

    def each(self) -> list[Node]:
        """The entries of a list."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise wrong_kind(self.place, "list")
        if len(self.value) > MOST_ITEMS:
            raise too_much(self.place, MOST_ITEMS)
        return [Node(one, f"{self.place}[{index}]") for index, one in enumerate(self.value)]

    def one_or_many(self) -> list[Node]:
        """The entries of a list, or the one thing that stands there alone."""
        return self.each() if isinstance(self.value, list | None) else [self]

    def text(self) -> str:
        """A text; a number as it is written."""
        if self.value is None:
            return ""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, int | float):
            return str(self.value)
        if not isinstance(self.value, str):
            raise wrong_kind(self.place, "text")
        if len(self.value) > MOST_LETTERS:
            raise too_much(self.place, MOST_LETTERS)
        return self.value

    def texts(self) -> tuple[str, ...]:
        """The texts of a list, empty ones left out."""
        return tuple(text for one in self.one_or_many() if (text := one.text()))

    def pairs(self) -> list[tuple[str, Node]]:
        """The names of an object with what stands under each."""
        if self.value is None:
            return []
        if not isinstance(self.value, dict):
            raise wrong_kind(self.place, "object")
        if len(self.value) > MOST_ITEMS:
            raise too_much(self.place, MOST_ITEMS)
        return [(str(name), self.at(name)) for name in self.value]


def load(content: bytes) -> Node:
    """The JSON document. Raises DomainError where it is none, too large, or too deep."""
    if len(content) > MOST_BYTES:
        raise too_large()
    try:
        told = json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_each_once,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise not_read(error) from error
    check(told)
    if not isinstance(told, dict):
        raise wrong_kind("", "object")
    return Node(told)


def check(value: Any, place: str = "", level: int = 0) -> None:  # Any: JSON
    """Raises where it is too deep, or a text could not be stored or reads otherwise than it is."""
    if level > MOST_LEVELS:
        raise too_much(place, MOST_LEVELS)
    if isinstance(value, str) and ("\x00" in value or not _is_whole(value)):
        raise wrong_kind(place, "text of whole characters")
    if isinstance(value, str) and is_disguised(value):
        raise disguised(place)
    if isinstance(value, dict):
        for key, one in value.items():
            check(key, place, level + 1)
            check(one, f"{place}.{key}"[-200:].lstrip("."), level + 1)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            check(one, f"{place}[{index}]"[-200:], level + 1)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: JSON
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def told(thing: Any) -> dict[str, Any]:  # Any: one of the card's dataclasses, as JSON
    """The dataclass as JSON, what is empty left out."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if dataclasses.is_dataclass(value):
            value = told(value)
        elif isinstance(value, tuple):
            value = [told(one) if dataclasses.is_dataclass(one) else one for one in value]
        if value:
            found[field.name] = value
    return found


def decode(node: Node, kind: type[Kind]) -> Kind:
    """The dataclass that `told` wrote. Names that it does not have are passed over."""
    found: dict[str, Any] = {}  # Any: the dataclass's own fields
    for name, hint in get_type_hints(kind).items():
        inner = node.at(name)
        if inner:
            found[name] = as_field(inner, hint)
    missing = [name for name in _needed(kind) if name not in found]
    if missing:
        raise wrong_kind(node.at(missing[0]).place, "text")
    return kind(**found)


def as_field(node: Node, hint: Any) -> Any:  # Any: a type, and a value of it
    """What stands there, as the dataclass's field takes it."""
    if get_origin(hint) is tuple:
        (inner, _rest) = get_args(hint)
        if inner is str:
            return node.texts()
        return tuple(decode(one, inner) for one in node.each())
    return node.text() if hint is str else decode(node, hint)


def _needed(kind: type[Any]) -> Iterable[str]:  # Any: a dataclass
    return [one.name for one in dataclasses.fields(kind) if one.default is dataclasses.MISSING]


def number(text: str) -> int | float | str:
    """The text as a number where the number is written just so; else the text."""
    if "e" in text:
        return text
    try:
        found: int | float = int(text)
    except ValueError:
        try:
            found = float(text)
        except ValueError:
            return text
    return found if str(found) == text and math.isfinite(found) else text
