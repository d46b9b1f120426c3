"""The stop list. Pure; `docs/verify_stop_list.py` says it again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

PAYLOAD_TYPE = "application/vnd.mingce.stop-list+json"


@dataclass(frozen=True)
class ListedOrder:
    """An order in force, as gateways are told of it: no reason, no name of a model."""

    id: str
    kind: str
    target_type: str
    target: str
    since: str
    limits: str
    is_drill: bool


@dataclass(frozen=True)
class ListedRelease:
    """A release in pilot or production for which orders hold."""

    id: str
    code: str
    is_stopped: bool
    orders: tuple[str, ...]


def payload(
    version: int,
    issued_at: dt.datetime | None,
    orders: Sequence[ListedOrder],
    releases: Sequence[ListedRelease],
) -> bytes:
    """The list as canonical JSON: sorted keys, no blanks."""
    told: dict[str, Any] = {  # Any: JSON
        "version": version,
        "issued_at": moment(issued_at) if issued_at else None,
        "orders": [asdict(one) for one in orders],
        "releases": [asdict(one) for one in releases],
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def moment(at: dt.datetime) -> str:
    """A moment in UTC."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def is_known(header: str, etag: str) -> bool:
    """Whether If-None-Match names the entity tag (RFC 9110: compared weakly)."""
    told = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in told or etag in told


MOST_ATTEMPTS = 20


def waits(attempts: int) -> dt.timedelta:
    """How long after so many failed attempts the next is made: 15 seconds, doubled to 8 minutes."""
    return dt.timedelta(seconds=15 * 2 ** min(max(attempts - 1, 0), 5))
