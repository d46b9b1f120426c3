"""What every connector gives and takes: things found, one question, its answer, how it fails."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

MOST_TEXT = 300
MOST_NAME = 512
MOST_VALUES = 1_000_000  # of one answer: each is many times as large once it is read
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


@dataclass(frozen=True)
class Found:
    """A version of a model as another system shows it.

    words: its stages, aliases and states there; runs: whether it is deployed by the system's own
    word; digest: SHA-256 of its files, empty where it is not told; raw: the few further values
    that people look at.
    """

    name: str
    version: str
    digest: str = ""
    words: tuple[str, ...] = ()
    runs: bool = False
    endpoint: str = ""
    url: str = ""
    updated_at: dt.datetime | None = None
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """One question to the other system; query keys may repeat."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back; header names in small letters."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Fetch = Callable[[Ask], Answer]


class Trouble(Exception):
    """The other system could not be read. code: `down`, `slow`, `not_let_in`, `not_found`,
    `failed`, `no_json`, `unexpected`, `too_long`; detail: in technical words, without addresses
    or secrets.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


class Connector(Protocol):
    """One kind of system, read with a `fetch`."""

    def __call__(self, fetch: Fetch, scope: str, since: dt.datetime | None) -> Iterator[Found]:
        """What it holds. scope: which part, where the system needs one to be named; since: only
        what has changed from then on, where the system can say so. Raises Trouble.
        """


def whole(fetch: Fetch, ask: Ask) -> Any:  # Any: JSON
    """The answer's JSON. Raises Trouble for everything that is no answer of the system."""
    answer = fetch(ask)
    if answer.status in (401, 403):
        raise Trouble("not_let_in", f"HTTP {answer.status}")
    if answer.status == 404:
        raise Trouble("not_found", ask.path[:100])
    if answer.status != 200:
        raise Trouble("failed", f"HTTP {answer.status}")
    if sum(answer.body.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise Trouble("too_long", f"more than {MOST_VALUES:,} values in one answer")
    try:
        return _clean(json.loads(answer.body))
    except (ValueError, RecursionError) as error:
        looks = "HTML" if answer.body.lstrip()[:1] == b"<" else "no JSON"
        raise Trouble("no_json", looks) from error


def listed(answer: object, key: str) -> list[dict[str, Any]]:  # Any: JSON
    """The objects of the list that the system always tells under the key. Raises Trouble where it
    is not there: whatever stands before the system can answer 200 as well.
    """
    rows = answer.get(key) if isinstance(answer, dict) else answer if not key else None
    if not isinstance(rows, list):
        raise Trouble("unexpected", f"no list {key}".strip())
    return as_dicts(rows)


def turned(token: str, told: set[str]) -> str:
    """The token of the next page, empty after the last. Raises Trouble where it was told before:
    such a list does not end.
    """
    if token in told:
        raise Trouble("too_long", "a page leads back to an earlier one")
    told.update({token} if token else ())
    return token


def as_dict(value: object) -> dict[str, Any]:  # Any: JSON
    """The object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:  # Any: JSON
    """The list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def as_dicts(value: object) -> list[dict[str, Any]]:  # Any: JSON
    """The objects of a list."""
    return [one for one in as_list(value) if isinstance(one, dict)]


def as_text(value: object, most: int = MOST_TEXT) -> str:
    """The text, cut; empty for nothing."""
    return "" if value is None else str(value)[:most]


def as_name(value: object) -> str:
    """A name, by which things are told apart."""
    return as_text(value, MOST_NAME).strip()


def as_digest(value: object) -> str:
    """A SHA-256 in small letters; empty for anything else."""
    match = _DIGEST.fullmatch(as_text(value, 80).strip())
    return match.group(1).lower() if match else ""


def from_milliseconds(value: object) -> dt.datetime | None:
    """The moment; None for no number."""
    return from_seconds(_number(value) / 1000) if _number(value) else None


def from_seconds(value: object) -> dt.datetime | None:
    """The moment; None for no number, or none of our time."""
    number = _number(value)
    try:
        return _of_our_time(dt.datetime.fromtimestamp(number, tz=dt.UTC)) if number > 0 else None
    except (OverflowError, OSError, ValueError):
        return None


def from_iso(value: object) -> dt.datetime | None:
    """The moment, by UTC where none says otherwise; None for none, or none of our time."""
    try:
        found = dt.datetime.fromisoformat(as_text(value, 40))
        return _of_our_time(
            found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
        )
    except (OverflowError, ValueError):
        return None


def _of_our_time(moment: dt.datetime) -> dt.datetime | None:
    """The moment, where a database and its readers in any zone can hold it."""
    return moment if 1970 <= moment.year <= 2200 else None


def _number(value: object) -> float:
    try:
        return float(str(value or 0))
    except ValueError:
        return 0.0


def _clean(value: Any) -> Any:  # Any: JSON
    """What a database can hold: no NUL, no half character."""
    if isinstance(value, dict):
        return {str(_clean(key)): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    return value
