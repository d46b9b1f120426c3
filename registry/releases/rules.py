"""What runs where, from what was reported; and whether it is what was approved. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

K = TypeVar("K")
CHAMPION, OFF = "champion", "off"
EVERYTHING = 100  # percent of the traffic


@dataclass(frozen=True)
class Report(Generic[K]):
    """One report. place: what it is about (a use's environment and endpoint); key: whose it is."""

    key: K
    place: tuple[str, ...]
    digest: str
    role: str
    percent: int
    at: dt.datetime


class Standing(StrEnum):
    """What runs, beside what was approved (peers: deployed against approved version)."""

    MATCH = "match"
    DRIFT = "drift"
    UNAPPROVED = "unapproved"


def running(reports: Iterable[Report[K]]) -> list[Report[K]]:
    """What runs by these reports, oldest first.

    A champion with all the traffic ends what ran at its place before; what is off runs no more;
    shares that are told one by one stand beside each other.
    """
    places: dict[tuple[str, ...], dict[str, Report[K]]] = {}
    for one in sorted(reports, key=lambda report: report.at):
        here = places.setdefault(one.place, {})
        here.pop(one.digest, None)
        if one.role == CHAMPION and one.percent == EVERYTHING:
            here.clear()
        if one.role != OFF:
            here[one.digest] = one
    found = [one for here in places.values() for one in here.values()]
    return sorted(found, key=lambda report: report.at)


def standing(digest: str, approved: Iterable[str]) -> Standing:
    """How the running digest stands to those that are approved for its place."""
    known = set(approved)
    if digest in known:
        return Standing.MATCH
    return Standing.DRIFT if known else Standing.UNAPPROVED


def uneven(reports: Iterable[Report[K]]) -> dict[tuple[str, ...], int]:
    """Places whose shares of traffic add up to anything but 100 percent → their sum.

    A shadow answers nobody: it takes no share.
    """
    sums: dict[tuple[str, ...], int] = {}
    for one in reports:
        sums[one.place] = sums.get(one.place, 0) + (0 if one.role == "shadow" else one.percent)
    return {place: total for place, total in sums.items() if total != EVERYTHING}
