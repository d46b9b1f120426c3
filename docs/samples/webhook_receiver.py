"""A receiver of Mingce's webhooks: verifies, answers quickly, does each event once.

One file, standard library only, Python 3.10 or newer: copy it and change `handle`.

    WEBHOOK_SECRETS=whsec_… python webhook_receiver.py 127.0.0.1 8080

Rules that it keeps, and that another receiver should keep as well:

- the signature is over the very bytes that came in; several may stand there, one has to fit;
- a message whose timestamp is more than five minutes off is refused: somebody repeats it;
- 2xx is answered before any work is done, within a second; what comes twice is done once: the same
  `webhook-id` is the same event, however often it is sent;
- 401 for a bad signature: the sender tries again, which helps where the secret has just changed;
- behind it there is TLS: this file speaks plain HTTP, and stands behind a proxy that does not.
"""

from __future__ import annotations

import base64
import collections
import hashlib
import hmac
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE_SECONDS = 300
MOST_BYTES = 64 * 1024
REMEMBERED = 10_000  # ids; keep them in a database where a restart must not forget them


def handle(event: dict[str, Any]) -> None:
    """What you do with an event. `data` has keys and codes; ask the REST interface for more."""
    data = event["data"]
    print(event["type"], event["subject"], json.dumps(data.get("changes", {})), flush=True)


def key_of(secret: str) -> bytes:
    """The key inside `whsec_…`."""
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def is_signed(
    body: bytes, message_id: str, timestamp: str, signatures: str, secrets: Sequence[str]
) -> bool:
    """Whether one of the signatures fits one of the secrets (two, while one is exchanged)."""
    if not timestamp.isascii() or not timestamp.isdigit():
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    told = f"{message_id}.{timestamp}.".encode() + body
    wanted = [
        base64.b64encode(hmac.new(key_of(one), told, hashlib.sha256).digest()).decode()
        for one in secrets
    ]
    found = [one.partition(",")[2] for one in signatures.split() if one.startswith("v1,")]
    return any(hmac.compare_digest(one, other) for one in found for other in wanted)


class Seen:
    """The ids that have come in lately."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._ids: collections.OrderedDict[str, None] = collections.OrderedDict()
        self._most, self._lock = most, threading.Lock()

    def is_new(self, message_id: str) -> bool:
        """Whether it comes for the first time; from then on it does not."""
        with self._lock:
            if message_id in self._ids:
                return False
            self._ids[message_id] = None
            if len(self._ids) > self._most:
                self._ids.popitem(last=False)
            return True


class Receiver(ThreadingHTTPServer):
    """Takes messages in, and does the work in a thread of its own."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], secrets: Sequence[str]) -> None:
        super().__init__(address, Handler)
        self.secrets, self.seen = secrets, Seen()
        self.work: queue.Queue[dict[str, Any]] = queue.Queue(maxsize=REMEMBERED)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            event = self.work.get()
            try:
                handle(event)
            except Exception as error:  # one bad event stops no other
                print(f"failed: {error!r}", file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    """One message."""

    server: Receiver
    timeout = 10  # seconds that a sender may be silent

    def do_POST(self) -> None:
        """204 taken, 401 badly signed, 400 no event, 413 too large, 503 too much at once."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        message_id = self.headers.get("webhook-id", "")
        timestamp = self.headers.get("webhook-timestamp", "")
        signatures = self.headers.get("webhook-signature", "")
        if not is_signed(body, message_id, timestamp, signatures, self.server.secrets):
            self.answer(401)
            return
        try:
            event = json.loads(body)
        except ValueError:
            self.answer(400)
            return
        if self.server.work.full():
            self.answer(503)
            return
        if self.server.seen.is_new(message_id):
            self.server.work.put(event)
        self.answer(204)

    def answer(self, status: int) -> None:
        """The status alone."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the sender keeps a log of what it sent."""


def main() -> None:
    """Listens until it is stopped."""
    secrets = os.environ.get("WEBHOOK_SECRETS", "").split()
    if len(sys.argv) != 3 or not secrets:
        sys.exit("usage: WEBHOOK_SECRETS='whsec_… [whsec_…]' webhook_receiver.py HOST PORT")
    server = Receiver((sys.argv[1], int(sys.argv[2])), secrets)
    print(f"listening on port {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
