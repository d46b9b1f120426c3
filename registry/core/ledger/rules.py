"""Canonical JSON and the hash of an entry. Pure; `docs/verify_export.py` says it again."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

GENESIS = "0" * 64
MOST_LEVELS = 100
TOLERANCE = dt.timedelta(minutes=5)


def plain(value: Any) -> Any:  # Any: JSON
    """The value as JSON that has one spelling only: moments in UTC with microseconds, numbers as
    the database gives them back. Raises ValueError for NaN and infinity, which JSON has not.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, dt.date | uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical JSON")


def _number(value: float) -> int | float:
    """One spelling: 1e16 and 10000000000000000 are one number, and so are -0.0 and 0."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number of JSON")
    told = Decimal(repr(value))  # the digits that JSON carries, not those behind the float
    return int(told) if told == told.to_integral_value() else value


def canonical(value: Any) -> str:  # Any: JSON
    """Canonical JSON: sorted keys, no blanks, non-ASCII as it is, on one line."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(value: Any) -> str:  # Any: JSON
    """sha256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def personal_digest(salt: str, value: Any) -> str:  # Any: JSON
    """What an entry holds of a personal field: a digest that is worthless without the salt."""
    return "salted:" + hashlib.sha256((salt + canonical(value)).encode()).hexdigest()


def body_of(text: str) -> dict[str, Any]:  # Any: JSON
    """The entry's body. Raises ValueError where not every reader reads it as one JSON object."""
    try:
        told = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError("is not JSON") from error
    if not isinstance(told, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 (a fault of the text, not of a type)
    if not all(isinstance(told.get(part, {}), dict) for part in ("state", "facts")):
        raise ValueError("tells a state or facts that are no object")
    if text.count("{") + text.count("[") > MOST_LEVELS and _levels(told) > MOST_LEVELS:
        raise ValueError("is nested too deeply")
    return told


def parts_of(text: str) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: JSON
    """The state and the facts in an entry's body; empty where it does not tell them readably."""
    try:
        told = body_of(text)
    except ValueError:
        return {}, {}
    return told.get("state", {}), told.get("facts", {})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: JSON
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("has a key twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError("is not JSON")


def _levels(value: Any) -> int:  # Any: JSON
    """How deep the value is nested, as far as it matters."""
    level, inner = 0, [value]
    while inner and level <= MOST_LEVELS:
        level += 1
        inner = [
            one
            for outer in inner
            for one in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(one, dict | list)
        ]
    return level


@dataclass(frozen=True)
class Line:
    """An entry's columns, as the chain sees them."""

    seq: int
    uid: str
    act: str
    kind: str
    actor: str
    subject_type: str
    subject_id: str
    row_version: int
    digest: str
    effective_at: str
    recorded_at: str
    body: str
    prev: str
    hash: str


def entry_hash(line: Line) -> str:
    """The hash that the line should have, given everything else it says."""
    parts = (
        line.prev,
        str(line.seq),
        line.uid,
        line.act,
        line.kind,
        line.actor,
        line.subject_type,
        line.subject_id,
        str(line.row_version),
        line.digest,
        line.effective_at,
        line.recorded_at,
        line.body,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def fault_in(line: Line, before: Line | None) -> str:
    """Why the line does not follow the one before it; empty where it does."""
    expected_seq = before.seq + 1 if before else 1
    expected_prev = before.hash if before else GENESIS
    if line.seq != expected_seq:
        return f"entry {expected_seq} is missing"
    if line.prev != expected_prev:
        return f"entry {line.seq} does not follow the one before it"
    if line.hash != entry_hash(line):
        return f"entry {line.seq} was altered"
    return ""


def oddity_in(line: Line, before: Line | None, latest: str) -> str:
    """What an entry that stands soundly in the chain says that none should; empty where nothing.

    latest: the last moment at which it can have been recorded; empty where the clock can be set.
    """
    if line.row_version < 1:
        return f"entry {line.seq} is about row version {line.row_version}"
    try:
        body_of(line.body)
    except ValueError as error:
        return f"the body of entry {line.seq} {error}"
    if not latest:
        return ""
    if line.recorded_at > latest:
        return f"entry {line.seq} was recorded in the future, at {line.recorded_at}"
    if before is not None and _is_earlier(line.recorded_at, before.recorded_at):
        return f"entry {line.seq} was recorded before the one before it, at {line.recorded_at}"
    return ""


def _is_earlier(moment: str, other: str) -> bool:
    """Whether the moment is earlier by more than servers' clocks and waiting explain."""
    if moment >= other:
        return False
    try:
        told = dt.datetime.fromisoformat(moment) + TOLERANCE
        return told < dt.datetime.fromisoformat(other)
    except (ValueError, OverflowError):
        return True
