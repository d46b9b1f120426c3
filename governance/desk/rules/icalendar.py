"""Dates as an iCalendar (RFC 5545), which calendar programs subscribe to. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_OCTETS = 75  # of a line, its end not counted (RFC 5545, 3.1)
PRODUCT = "-//Mingce//Reviews and legal clocks//EN"
_ESCAPED = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # control characters: a tab may stand in texts


@dataclass(frozen=True)
class Event:
    """A date to keep: a day that lasts all day, or a moment (aware).

    uid: the same at every reading; sequence: rises where it has been changed.
    """

    uid: str
    sequence: int
    at: dt.date | dt.datetime
    summary: str
    description: str
    url: str


def calendar(
    name: str, events: Iterable[Event], *, stamped_at: dt.datetime, refresh: dt.timedelta
) -> str:
    """The calendar's text, every line folded and ended with CRLF.

    refresh: how often programs are asked to read it again.
    """
    period = f"PT{int(refresh.total_seconds()) // 60}M"
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN",
        f"NAME:{text(name)}", f"X-WR-CALNAME:{text(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{period}", f"X-PUBLISHED-TTL:{period}",
    ]  # fmt: skip
    for event in events:
        lines += _event(event, moment(stamped_at))
    lines.append("END:VCALENDAR")
    return "".join(f"{fold(line)}\r\n" for line in lines)


def _event(event: Event, stamp: str) -> list[str]:
    """No end: a day lasts one day, a moment takes no time; neither makes anybody busy."""
    if isinstance(event.at, dt.datetime):
        start = f"DTSTART:{moment(event.at)}"
    else:
        start = f"DTSTART;VALUE=DATE:{event.at:%Y%m%d}"
    return [
        "BEGIN:VEVENT", f"UID:{text(event.uid)}", f"DTSTAMP:{stamp}",
        f"SEQUENCE:{event.sequence}", start, f"SUMMARY:{text(event.summary)}",
        f"DESCRIPTION:{text(event.description)}", f"URL:{_FORBIDDEN.sub('', event.url)}",
        "TRANSP:TRANSPARENT", "END:VEVENT",
    ]  # fmt: skip


def moment(at: dt.datetime) -> str:
    """The moment in UTC, to the second. Raises ValueError for a moment without a time zone."""
    if at.tzinfo is None:
        raise ValueError("a moment has a time zone")
    return at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def text(value: str) -> str:
    """A value of type TEXT (3.3.11): what has a meaning of its own escaped, no control letters."""
    plain = _FORBIDDEN.sub("", _LINE_ENDS.sub("\n", value))
    return "".join(_ESCAPED.get(letter, letter) for letter in plain)


def fold(line: str) -> str:
    """The line in pieces of at most 75 octets, no letter cut in two; continued after a blank."""
    pieces, piece, room = [], "", MOST_OCTETS
    for letter in line:
        octets = len(letter.encode())
        if octets > room:
            pieces.append(piece)
            piece, room = "", MOST_OCTETS - 1  # the blank at the beginning counts
        piece, room = piece + letter, room - octets
    return "\r\n ".join([*pieces, piece])
