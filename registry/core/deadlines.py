"""One deadline for an exchange with another system: whatever the other side does, it ends in time.

Time-outs of a socket begin anew with every byte, so that a side that drips holds for ever. Here
what is connected is cut when the time is over: whoever waits for it waits no longer, and an answer
that was cut is taken for none.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter


class Deadline:
    """When it is over. One connection at a time is watched, inside `holding`."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self._one_by_one = threading.Lock()
        self._line: socket.socket | None = None

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.at

    def left(self) -> float:
        """Seconds. Raises TimeoutError where there are none."""
        found = self.at - time.monotonic()
        if found <= 0:
            raise TimeoutError("no time left")
        return found

    def watch(self, connected: socket.socket) -> socket.socket:
        """The socket, which is cut when the time is over; the one before is watched no more.

        A second handle to it is kept: encryption takes the first one away.
        """
        with self._one_by_one:
            self._let_go()
            self._line = socket.fromfd(connected.fileno(), connected.family, connected.type)
        if self.is_over:
            self._cut()
        return connected

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Until the end of the block what is watched is cut when the time is over."""
        timer = threading.Timer(max(0.0, self.at - time.monotonic()), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._one_by_one:
                self._let_go()

    def _cut(self) -> None:
        with self._one_by_one:
            if self._line is not None:
                try:
                    self._line.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # the other side was faster

    def _let_go(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


@contextmanager
def asking(deadline: Deadline) -> Iterator[requests.Session]:
    """A session whose connections the deadline cuts; nothing is taken from the environment."""
    with deadline.holding(), requests.Session() as session:
        session.trust_env = False
        session.mount("http://", _Watched(deadline))
        session.mount("https://", _Watched(deadline))
        yield session


class _Watched(HTTPAdapter):
    """Connections, through a proxy or not, that the deadline watches from their first moment."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def get_connection_with_tls_context(self, *told: Any, **more: Any) -> Any:
        """The pool of the address; Any: requests' and urllib3's own."""
        pool: Any = super().get_connection_with_tls_context(*told, **more)
        if "ConnectionCls" not in vars(pool):
            pool.ConnectionCls = _watched(pool.ConnectionCls, self._deadline)
        return pool


def _watched(kind: Any, deadline: Deadline) -> Any:  # Any: urllib3's kinds of connections
    def connect(connection: Any) -> socket.socket:
        return deadline.watch(kind._new_conn(connection))

    return type(kind.__name__, (kind,), {"_new_conn": connect})
