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
