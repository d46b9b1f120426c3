"""What is told becomes observations: typed, computed where bins were sent, of a sensible moment."""

from __future__ import annotations

import datetime as dt
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from governance.monitoring.models import Metric
from governance.monitoring.rules import Computed, Figure, compute
from registry.core import clock
from registry.core.errors import DomainError
from registry.core.web.disguises import is_disguised
from registry.core.web.wording import message_of

MOST = 1_000
MOST_SEGMENT = 100
AHEAD = dt.timedelta(minutes=5)  # clocks differ
BACK = dt.timedelta(days=3_650)
MOST_COUNT = 2**53
MOST_VALUE = 1e300


@dataclass(frozen=True)
class Told:
    """One observation on the wire: a value, or the counts that it is computed from."""

    release: str
    metric: str
    at: dt.datetime
    segment: str = ""
    value: float | None = None
    count: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON
    correction: str = ""


@dataclass(frozen=True)
class Taken:
    """An observation on its way into the table. place: in the request."""

    place: int
    metric: Metric
    segment: str
    at: dt.datetime
    value: float
    count: int | None
    inputs: str
    correction: str


def read(told: Sequence[Told], metrics: Mapping[tuple[str, str], Metric]) -> list[Taken]:
    """The observations of the metrics, by (release's code, key). Raises DomainError with the place
    of what is wrong: `value_needed`, `bins`, `moment`, `segment`, `told_twice`.
    """
    found, known = [], set()
    now = clock.now()
    for place, one in enumerate(told):
        metric = metrics[one.release, one.metric]
        _check_moment(place, one.at, now)
        _check_segment(place, one.segment)
        figure = _figure(place, one, metric)
        key = (metric.pk, one.segment, one.at)
        if key in known:
            said = _("The same metric, segment and moment stand twice in this report.")
            raise _fault(place, "told_twice", said, "at")
        known.add(key)
        inputs = _canonical(one.inputs) if one.inputs else ""
        found.append(
            Taken(place, metric, one.segment, one.at, figure.value, figure.count, inputs,
                  one.correction)
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class _Value:
    value: float
    count: int | None


def _figure(place: int, one: Told, metric: Metric) -> Figure | _Value:
    if one.inputs:
        return _computed(place, one, metric)
    if one.value is None:
        said = _("Send a value, or the counts that it is computed from.")
        raise _fault(place, "value_needed", said, "value")
    if not math.isfinite(one.value) or abs(one.value) > MOST_VALUE:
        raise _fault(place, "value_not_finite", _("A value is a finite number."), "value")
    if one.count is not None and not 0 <= one.count <= MOST_COUNT:
        raise _fault(place, "count", _("A count is a whole number, 0 or more."), "count")
    return _Value(float(one.value), one.count)


def _computed(place: int, one: Told, metric: Metric) -> Figure:
    if one.value is not None:
        said = _("Send the value or the counts, not both: they could differ.")
        raise _fault(place, "value_and_counts", said, "value")
    if not metric.computes:
        said = _("Nothing is computed for the metric %(key)s; send its value.")
        raise _fault(place, "not_computed", said % {"key": one.metric}, "inputs")
    try:
        return compute(Computed(metric.computes), one.inputs)
    except DomainError as error:
        said = _("%(metric)s cannot be computed: %(why)s.")
        said %= {"metric": one.metric, "why": message_of(error)}
        raise _fault(place, "counts", said, "inputs") from error


def _check_moment(place: int, at: dt.datetime, now: dt.datetime) -> None:
    if at.tzinfo is None or not now - BACK <= at <= now + AHEAD:
        said = _("An observation is of the last ten years, not of the future, with its time zone.")
        raise _fault(place, "moment", said, "at")


def is_segment(segment: str) -> bool:
    """Whether it can name one: printable, in its usual spelling (NFKC), without blanks around."""
    is_plain = segment == segment.strip() and not is_disguised(segment)
    is_usual = segment == unicodedata.normalize("NFKC", segment)
    return len(segment) <= MOST_SEGMENT and is_plain and is_usual and (segment or "-").isprintable()


def _check_segment(place: int, segment: str) -> None:
    if not is_segment(segment):
        said = _("A segment has at most 100 printable characters, and no blanks around.")
        raise _fault(place, "segment", said, "segment")


def _fault(place: int, code: str, said: str, name: str) -> DomainError:
    return DomainError(code, said, field=f"observations.{place}.{name}", status=400)


def _canonical(inputs: Mapping[str, Any]) -> str:  # Any: JSON
    return json.dumps(
        inputs, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
