"""A receiver on the loopback: what it was sent, and what it answers next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What has come in, and the answers still to be given; without any: 200 and a robot's yes."""

    origin: str
    got: list[Received] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    yes: bytes = b'{"errcode":0,"errmsg":"ok"}'
    more: dict[str, str] = field(default_factory=dict)  # headers of every answer
    before: Callable[[], object] = bool  # called before each answer


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(Received(self.path, dict(self.headers.items()), body))
            found.before()
            status, answer = found.answers.pop(0) if found.answers else (200, found.yes)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            if status in (301, 302, 307):
                self.send_header("Location", f"{found.origin}/elsewhere")
            for name, value in found.more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
