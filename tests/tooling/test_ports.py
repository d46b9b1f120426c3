"""The port of `make run`."""

import socket
from collections.abc import Iterator

import pytest

from config.local import ports
from config.local.layout import LocalError


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_port_with_a_listener_is_not_free(taken_port: int) -> None:
    assert not ports.is_free(taken_port)


def test_a_taken_port_is_passed_over(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: port > taken_port + 1)
    assert ports.first_free(taken_port) == taken_port + 2


def test_a_free_port_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: True)
    assert ports.first_free(8000) == 8000


def test_no_free_port_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(LocalError, match="No free port from 8000 on. Set PORT"):
        ports.first_free(8000)


@pytest.mark.parametrize(
    ("text", "port"), [(None, 8000), ("", 8000), ("9000", 9000)], ids=["unset", "empty", "given"]
)
def test_the_wanted_port_is_read(text: str | None, port: int) -> None:
    assert ports.requested(text) == port


@pytest.mark.parametrize("text", ["eighty", "0", "65536", "-1"])
def test_a_port_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match="PORT must be a number from 1 to 65535"):
        ports.requested(text)
