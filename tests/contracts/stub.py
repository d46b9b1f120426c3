"""A server that answers as a broken register would, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Write = Callable[[bytes], object]
Answer = Callable[[Write], object]


@dataclass
class Asked:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


class Stub(socketserver.ThreadingTCPServer):
    """Gives the answers in their order, the last one for ever."""

    daemon_threads = True

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.one_by_one = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self.socket.getsockname()
        return f"http://{host}:{port}"

    def next_answer(self) -> Answer:
        """What this request is answered."""
        with self.one_by_one:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Talk(socketserver.StreamRequestHandler):
    """One request, one answer, the end."""

    server: Stub

    def handle(self) -> None:
        """Reads it whole, then answers as it was told."""
        line = self.rfile.readline().decode().strip()
        headers: dict[str, str] = {}
        while (row := self.rfile.readline().decode().strip()) != "":
            name, _colon, value = row.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", "0")))
        self.server.asked.append(Asked(line, headers, body))
        with contextlib.suppress(OSError):
            self.server.next_answer()(self.wfile.write)


def says(told: object, status: int = 200, **headers: str) -> Answer:
    """The JSON, or the bytes as they are."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return lambda write: write(_head(status, len(body), headers) + body)


def cut(told: object) -> Answer:
    """The connection breaks off in the middle of the body."""
    body = json.dumps(told).encode()
    return lambda write: write(_head(200, len(body), {}) + body[: len(body) // 2])


def gone(write: Write) -> None:
    """The connection ends without a word."""


@dataclass
class Dripping:
    """Steadily, a byte at a time, without ever coming to an end before `until`."""

    told: bytes
    until: threading.Event = field(default_factory=threading.Event)

    def __call__(self, write: Write) -> None:
        for place in range(len(self.told)):
            if self.until.wait(0.02):
                return
            write(self.told[place : place + 1])


def _head(status: int, length: int, headers: dict[str, str]) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    told = f"HTTP/1.1 {status} said\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n"
    return told.encode()


@contextlib.contextmanager
def answering(*answers: Answer) -> Iterator[Stub]:
    """The server answers until the block ends."""
    with Stub(*answers) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
