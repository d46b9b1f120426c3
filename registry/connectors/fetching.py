"""Asking over HTTP: with time-outs, no redirection, no endless answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from registry.connectors.shapes import Answer, Ask, Fetch, Trouble
from registry.core.deadlines import Deadline, asking

TIMEOUT = (3.0, 15.0)  # seconds to connect, seconds between bytes
MOST_ANSWER = 16_000_000  # bytes of one answer, unpacked
MOST_ALTOGETHER = 500_000_000  # bytes of a whole reading


@contextmanager
def fetching(
    address: str,
    headers: Mapping[str, str],
    *,
    seconds: float,
    proxies: Mapping[str, str] | None = None,
) -> Iterator[Fetch]:
    """A `fetch` for the address below which all lies; the whole reading lasts `seconds` at most.

    Raises Trouble when it is asked.
    """
    deadline, length = Deadline(seconds), 0
    with asking(deadline) as session:
        session.proxies = dict(proxies or {})
        session.headers.update({"Accept": "application/json"} | dict(headers))

        def fetch(ask: Ask) -> Answer:
            nonlocal length
            if deadline.is_over:
                raise Trouble("slow", f"more than {seconds:.0f} seconds altogether")
            answer = _asked(session, address.rstrip("/") + ask.path, ask, deadline)
            length += len(answer.body)
            if length > MOST_ALTOGETHER:
                raise Trouble("too_long", f"more than {MOST_ALTOGETHER:,} bytes altogether")
            return answer

        yield fetch


def _asked(session: requests.Session, url: str, ask: Ask, deadline: Deadline) -> Answer:
    try:
        with session.request(
            ask.method, url, params=list(ask.query), data=ask.body or None,
            headers=dict(ask.headers), timeout=TIMEOUT, allow_redirects=False, stream=True,
        ) as answer:  # fmt: skip
            named = {name.lower(): value for name, value in answer.headers.items()}
            body = _read(answer)
            deadline.left()  # an answer that was cut looks like one that has ended
            return Answer(answer.status_code, body, named)
    except (requests.RequestException, HTTPError, OSError) as error:
        is_slow = isinstance(error, requests.Timeout | ReadTimeoutError) or deadline.is_over
        # Without the address: it may hold a key.
        raise Trouble("slow" if is_slow else "down", type(error).__name__) from error


def _read(answer: requests.Response) -> bytes:
    pieces, length = [], 0
    for piece in answer.iter_content(1 << 18):
        pieces.append(piece)
        length += len(piece)
        if length > MOST_ANSWER:
            raise Trouble("too_long", f"more than {MOST_ANSWER:,} bytes")
    return b"".join(pieces)
