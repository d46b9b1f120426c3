"""One request out of the house: no redirect, no endless answer, no address in what is kept."""

from __future__ import annotations

import time

import requests
from django.conf import settings
from urllib3.exceptions import HTTPError

from registry.core.deadlines import Deadline, asking
from registry.core.notices import rules
from registry.core.notices.rules import Way

TIMEOUT = (3.0, 10.0)  # seconds to connect, seconds between bytes
SECONDS = 20.0  # for the whole exchange
MOST_ANSWER = 20_000  # bytes


def send(way: Way, request: rules.Request, host: str) -> str:
    """Why the request was not taken; empty where it was."""
    deadline = Deadline(SECONDS)
    with asking(deadline) as session:
        session.proxies = settings.OUTBOUND_PROXIES
        try:
            with session.post(
                request.url,
                data=request.body,
                headers=request.headers,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer:
                deadline.left()  # headers that were cut look like headers that have ended
                return rules.judge(way, answer.status_code, _read(answer))
        except (requests.RequestException, HTTPError, OSError) as error:
            # Without the address: a robot's holds its key.
            return f"{type(error).__name__}: {host} did not take it"


def _read(answer: requests.Response) -> bytes:
    """The beginning of the answer, as far as it comes within ten seconds."""
    until, body = time.monotonic() + TIMEOUT[1], b""
    while len(body) < MOST_ANSWER and time.monotonic() < until:
        piece = answer.raw.read1(MOST_ANSWER)
        if not piece:
            break
        body += piece
    return body
