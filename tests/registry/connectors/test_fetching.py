"""Asking over HTTP: nobody is followed, nobody answers for ever, nobody holds us by dripping."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from registry.connectors import fetching
from registry.connectors.shapes import Ask, Trouble
from tests.contracts.stub import Answer, Dripping, Write, answering


@pytest.fixture
def server() -> Iterator[tuple[str, list[Any]]]:
    """A system on loopback that answers with what the test puts there, and where it is."""
    answers: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.pop(0)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{found.server_port}", answers
    finally:
        found.shutdown()
        thread.join()
        found.server_close()


def test_over_http_no_redirection_is_followed(server: tuple[str, list[Any]]) -> None:
    address, answers = server
    answers += [(200, b"{}"), (302, b"")]
    with fetching.fetching(address, {"Authorization": "Bearer t"}, seconds=5) as fetch:
        assert fetch(Ask("/x")).body == b"{}"
        assert fetch(Ask("/x")).status == 302


def test_over_http_endless_answers_and_dead_hosts_are_troubles(
    server: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, answers = server
    monkeypatch.setattr(fetching, "MOST_ANSWER", 10)
    answers.append((200, b"x" * 100))
    with (
        fetching.fetching(address, {}, seconds=5) as fetch,
        pytest.raises(Trouble, match="too_long"),
    ):
        fetch(Ask("/x"))
    with fetching.fetching(address, {}, seconds=-1) as fetch, pytest.raises(Trouble, match="slow"):
        fetch(Ask("/x"))
    monkeypatch.setattr(fetching, "MOST_ANSWER", 1_000)
    monkeypatch.setattr(fetching, "MOST_ALTOGETHER", 250)
    answers += [(200, b"x" * 100)] * 3
    with fetching.fetching(address, {}, seconds=5) as fetch:
        assert [len(fetch(Ask("/x")).body) for _ in range(2)] == [100, 100]
        with pytest.raises(Trouble, match="too_long"):
            fetch(Ask("/x"))
    dead = "http://127.0.0.1:9"
    with fetching.fetching(dead, {}, seconds=5) as fetch, pytest.raises(Trouble, match="down"):
        fetch(Ask("/x"))


def test_an_address_stands_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """It may hold a key; headers that are none are what urllib3 tells of loudest."""
    caplog.set_level(logging.DEBUG)
    with (
        answering(lambda write: write(HEAD + b"no header\r\n\r\n{}")) as system,
        fetching.fetching(f"{system.url}/key-of-ours", {}, seconds=5) as fetch,
    ):
        assert fetch(Ask("/x")).status == 200
        assert "key-of-ours" in system.asked[0].line
    assert "key-of-ours" not in caplog.text


HEAD = b"HTTP/1.1 200 OK\r\n"


def dripping_after(head: bytes) -> Answer:
    """The head at once, and then blanks, one at a time."""

    def answer(write: Write) -> None:
        write(head)
        Dripping(b" " * 9_000)(write)

    return answer


@pytest.mark.parametrize(
    "manner",
    [
        Dripping(HEAD + b"X" * 9_000),
        Dripping(HEAD + b"X: a\r\n" * 2_000),
        dripping_after(HEAD + b"\r\n{}"),
        dripping_after(HEAD + b"Content-Length: 5000\r\n\r\n{}"),
        lambda write: threading.Event().wait(5),
    ],
    ids=["a header without end", "headers without end", "a body", "a body of a length", "silence"],
)
def test_over_http_a_system_that_drips_holds_nobody_longer_than_it_may(manner: Answer) -> None:
    began = time.monotonic()
    with (
        answering(manner) as system,
        fetching.fetching(system.url, {}, seconds=0.4) as fetch,
        pytest.raises(Trouble, match="slow"),
    ):
        fetch(Ask("/x"))
    assert time.monotonic() - began < 2


def test_over_http_a_proxy_that_drips_holds_nobody_either() -> None:
    began = time.monotonic()
    with answering(Dripping(HEAD + b"X" * 9_000)) as proxy:
        for address in ("http://a.example", "https://a.example"):
            with (
                fetching.fetching(
                    address, {}, seconds=0.4, proxies=dict.fromkeys(("http", "https"), proxy.url)
                ) as fetch,
                pytest.raises(Trouble, match="slow"),
            ):
                fetch(Ask("/x"))
    assert time.monotonic() - began < 3


def test_over_https_one_that_never_agrees_on_keys_holds_nobody_either() -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with (
            fetching.fetching(address, {}, seconds=0.4) as fetch,
            pytest.raises(Trouble, match="slow"),
        ):
            fetch(Ask("/x"))
    assert time.monotonic() - began < 2
