"""A mail server of the tests' own: it keeps what it is sent, and can fall silent in mid-talk."""

from __future__ import annotations

import contextlib
import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from email.message import EmailMessage

GREETING = "greeting"  # somebody has connected and is told nothing
RECEIPT = "receipt"  # the mail has been taken in, and its sender is not told so


class Mailbox(socketserver.ThreadingTCPServer):
    """The server; `silent_at` is the point from which it says no more, `reached` that it was."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[EmailMessage] = []
        self.silent_at = ""
        self.reached = threading.Event()

    @property
    def url(self) -> str:
        """What EMAIL_URL says."""
        host, port = self.socket.getsockname()
        return f"smtp://{host}:{port}"

    def fall_silent(self, point: str) -> None:
        """From now on, until told otherwise; nobody has come to the point yet."""
        self.reached.clear()
        self.silent_at = point


class _Talk(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as smtplib speaks."""

    server: Mailbox

    def handle(self) -> None:
        """One connection, until the other side quits or is gone."""
        if self.is_silent(GREETING):
            return
        self.say("220 mailbox")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.say("354 go on")
                self.server.mails.append(self.letter())
                if self.is_silent(RECEIPT):
                    return
            self.say("221 bye" if verb == b"QUIT" else "250 done")

    def say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())

    def letter(self) -> EmailMessage:
        """What follows until the line with a single dot."""
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        whole = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(whole, EmailMessage)
        return whole

    def is_silent(self, point: str) -> bool:
        """Whether nothing more is said; then the other side has ended the connection."""
        if self.server.silent_at != point:
            return False
        self.server.reached.set()
        with contextlib.suppress(ConnectionError):
            self.rfile.read(1)
        return True


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    """The server takes mails in until the block ends."""
    with Mailbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
