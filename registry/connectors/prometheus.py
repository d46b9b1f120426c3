"""Prometheus: the value of a query now, as a whole or by a label. Facts of its HTTP API, v1."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from registry.connectors.mlflow import Unavailable
from registry.core.deadlines import Deadline, asking

TIMEOUT = (3.0, 10.0)  # seconds to connect, seconds between bytes
SECONDS = 15.0  # for the whole answer
MOST_ANSWER = 2_000_000  # bytes
MOST_SERIES = 500


@dataclass(frozen=True)
class Sample:
    """A value at a moment; segment: of the label that was asked for, empty without one."""

    segment: str
    at: dt.datetime
    value: float


class Refused(Exception):
    """The query is no good, or gives what cannot be taken: asking again is no use."""


def ask(url: str, token: str, query: str, label: str, at: dt.datetime) -> list[Sample]:
    """What the query gives at that moment. Raises Unavailable, Refused."""
    headers = {"Accept-Encoding": "identity"}  # what is read is what was sent
    if token:
        headers["Authorization"] = f"Bearer {token}"
    asked = {"query": query, "time": f"{at.timestamp():.3f}"}
    deadline = Deadline(SECONDS)
    with asking(deadline) as session:
        try:
            answer = session.get(
                f"{url}/api/v1/query", params=asked, headers=headers, timeout=TIMEOUT,
                allow_redirects=False, stream=True,
            )  # fmt: skip
            content = _whole(answer, deadline)
        except (requests.RequestException, HTTPError, OSError) as error:
            told = "it took too long" if deadline.is_over else type(error).__name__
            raise Unavailable(told) from error
    return read(answer.status_code, content, label)


def _whole(answer: requests.Response, deadline: Deadline) -> bytes:
    body = bytearray()
    while piece := answer.raw.read1(1 << 16):
        body += piece
        if len(body) > MOST_ANSWER:
            raise Refused("the answer is too long; aggregate in the query")
    deadline.left()  # an answer that was cut looks like one that has ended
    return bytes(body)


def read(status: int, content: bytes, label: str) -> list[Sample]:
    """The samples of an answer. Raises Unavailable, Refused."""
    try:
        told: Any = json.loads(content)  # Any: JSON
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"it answered {status}, and no JSON") from error
    if not isinstance(told, dict) or told.get("status") not in ("success", "error"):
        raise Unavailable(f"it answered {status}, and not as Prometheus does")
    if told["status"] == "error":
        said = str(told.get("error", ""))[:300]
        if told.get("errorType") in ("bad_data", "execution"):
            raise Refused(said)
        raise Unavailable(said)
    return _samples(told.get("data"), label)


def _samples(data: Any, label: str) -> list[Sample]:  # Any: JSON
    kind = data.get("resultType") if isinstance(data, dict) else None
    if kind == "scalar":
        return _finite([_sample("", data.get("result"))])
    if kind != "vector":
        raise Refused("the query gives a range or a text; ask for one value a series")
    rows = data.get("result")
    if not isinstance(rows, list) or len(rows) > MOST_SERIES:
        raise Refused(f"the query gives more than {MOST_SERIES} series; aggregate in the query")
    found = {}
    for row in rows:
        labels = row.get("metric") if isinstance(row, dict) else None
        if not isinstance(labels, dict):
            raise Unavailable("it answered with a series that is none")
        name = _clean(str(labels.get(label, ""))) if label else ""
        if name in found:
            raise Refused("the query gives two values for one segment; aggregate by its label")
        found[name] = _sample(name, row.get("value"))
    return _finite(list(found.values()))


def _finite(samples: list[Sample]) -> list[Sample]:
    """Those that are numbers; where none is, that is said."""
    kept = [one for one in samples if math.isfinite(one.value)]
    if samples and not kept:
        raise Refused("the query gives no number (NaN)")
    return kept


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _sample(segment: str, told: Any) -> Sample:  # Any: JSON
    try:
        moment, value = told
        at = dt.datetime.fromtimestamp(float(moment), dt.UTC)
        return Sample(segment, at, float(value))
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise Unavailable("it answered with a value that is none") from error
