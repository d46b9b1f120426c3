"""A closed loop of clients with keep-alive connections against a real server on loopback."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """What came of one run: answers a second, latencies in milliseconds, errors."""

    rate: float
    p50: float
    p99: float
    errors: int

    def __str__(self) -> str:
        latencies = f"p50 {self.p50:7.1f} ms  p99 {self.p99:7.1f} ms"
        return f"{self.rate:8.1f}/s  {latencies}  {self.errors} errors"


Make = Callable[[int, int], tuple[str, str, Any]]  # (client, n) → method, path, JSON or bytes


def drive(
    port: int,
    token: str,
    make: Make,
    *,
    clients: int,
    seconds: float = 3_600.0,
    calls: int | None = None,
) -> Result:
    """Each client sends its next request when the last answer has been read.

    It ends after the seconds, or after so many calls of each client. Answers are acknowledged at
    once, so that no server that lacks TCP_NODELAY waits for the network.
    """
    latencies: list[float] = []
    errors = [0]
    deadline = time.monotonic() + seconds
    lock = threading.Lock()

    def run(client: int) -> None:
        mine, failed, n = [], 0, 0
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while time.monotonic() < deadline and (calls is None or n < calls):
            method, path, body = make(client, n)
            payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            begun = time.perf_counter()
            connection.request(method, path, payload, headers)
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            answer = connection.getresponse()
            answer.read()
            mine.append((time.perf_counter() - begun) * 1_000)
            failed += answer.status >= 400
            n += 1
        connection.close()
        with lock:
            latencies.extend(mine)
            errors[0] += failed

    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.monotonic() - begun
    ordered = sorted(latencies) or [0.0]
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Result(len(latencies) / taken, statistics.median(ordered), p99, errors[0])
