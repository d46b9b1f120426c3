"""A series of values as a picture: where each point, each limit and each tick lies. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT, LEFT, TOP, BOTTOM = 240.0, 62.0, 14.0, 28.0
MOST_DOTS = 400


@dataclass(frozen=True)
class Box:
    """How wide the picture is; room: right of the values, where the limits are named.

    Without such room they are named above their lines.
    """

    key: str
    width: float
    room: float


WIDE = Box("wide", 800.0, 140.0)
NARROW = Box("narrow", 360.0, 10.0)  # a telephone


@dataclass(frozen=True)
class Value:
    """What is drawn: a moment, a figure, and the word for how it stands."""

    at: dt.datetime
    value: float
    mark: str


@dataclass(frozen=True)
class Line:
    """A limit: its figure, and which it is (`warn`, `act`, `base`)."""

    value: float
    kind: str


@dataclass(frozen=True)
class Dot:
    """A value at its place."""

    x: float
    y: float
    told: Value


@dataclass(frozen=True)
class Level:
    """A limit, or a tick, at its height; kind: empty for a tick."""

    y: float
    label: str
    kind: str = ""


@dataclass(frozen=True)
class Day:
    """A day under the picture; has_time: several moments of one day are shown."""

    x: float
    at: dt.datetime
    anchor: str
    has_time: bool


@dataclass(frozen=True)
class Chart:
    """Everything at its place, in a box that is 240 high; right: where the values end."""

    box: Box
    left: float
    right: float
    dots: tuple[Dot, ...]
    path: str
    lines: tuple[Level, ...]
    ticks: tuple[Level, ...]
    days: tuple[Day, ...]


def draw(values: Sequence[Value], lines: Sequence[Line], box: Box = WIDE) -> Chart | None:
    """The picture; None where there is nothing to see. A value by itself stands in the middle."""
    shown = _thinned(values)
    if not shown:
        return None
    right = box.width - box.room
    low, high = _range([one.value for one in shown], [one.value for one in lines])
    first, last = shown[0].at, shown[-1].at
    span = (last - first).total_seconds()
    shares = [(one.at - first).total_seconds() / span if span else 0.5 for one in shown]
    dots = tuple(
        Dot(_x(share, right), _y(one.value, low, high), one)
        for share, one in zip(shares, shown, strict=True)
    )
    path = " ".join(f"{one.x:.1f},{one.y:.1f}" for one in dots)
    levels = tuple(
        Level(_y(one.value, low, high), plain(one.value), one.kind)
        for one in lines
        if low <= one.value <= high
    )
    ticks = tuple(Level(_y(one, low, high), plain(one)) for one in _ticks(low, high))
    return Chart(box, LEFT, right, dots, path, levels, ticks, _days(first, last, right))


def spark(values: Sequence[float]) -> str:
    """The points of a small line in a box of 100 by 24."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step = 100 / (len(values) - 1)
    height = (high - low) or 1.0
    return " ".join(
        f"{place * step:.1f},{22 - 20 * (one - low) / height:.1f}"
        for place, one in enumerate(values)
    )


def plain(value: float) -> str:
    """The figure as people write it: four digits that count."""
    if value == 0:
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else f"{value:,.0f}"


def _thinned(values: Sequence[Value]) -> list[Value]:
    """At most so many, of each handful the gravest and else the highest: nothing bad is hidden."""
    size = math.ceil(len(values) / MOST_DOTS) or 1
    if size == 1:
        return list(values)
    rank = {"act": 2, "warn": 1}
    handfuls = (values[start : start + size] for start in range(0, len(values), size))
    return [max(one, key=lambda each: (rank.get(each.mark, 0), each.value)) for one in handfuls]


def _range(values: Sequence[float], limits: Sequence[float]) -> tuple[float, float]:
    """From where to where: all values, and the limits that do not press them flat."""
    low, high = min(values), max(values)
    reach = max(high - low, abs(high) * 0.5, 1e-9) * 4
    near = [one for one in limits if low - reach <= one <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - pad, high + pad


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough)
    start = math.ceil(low / step)
    return [round(count * step, 12) for count in range(start, math.floor(high / step) + 1)]


def _days(first: dt.datetime, last: dt.datetime, right: float) -> tuple[Day, ...]:
    if first == last:
        return (Day(_x(0.5, right), first, "middle", has_time=True),)
    has_time = last - first < dt.timedelta(days=2)
    places = ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    return tuple(
        Day(_x(share, right), first + (last - first) * share, anchor, has_time)
        for share, anchor in places
        if not (has_time and share == 0.5 and right < 400)  # with its time a day needs more room
    )


def _x(share: float, right: float) -> float:
    return round(LEFT + share * (right - LEFT), 1)


def _y(value: float, low: float, high: float) -> float:
    share = (value - low) / ((high - low) or 1.0)
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)
