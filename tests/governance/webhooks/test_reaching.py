"""Where a webhook may lead: the name when it is told, the address when it is connected to."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from governance.webhooks.services import opening
from registry.core.errors import DomainError
from registry.core.notices import services as notices
from registry.core.notices.rules import Allowed, Place, Request, place_of
from registry.core.notices.rules.addresses import is_inside
from registry.core.notices.services import guarded
from tests.refusals import refused
from tests.registry.core.receiver import Receiver, receiving


@pytest.fixture
def hidden(settings: Any) -> Iterator[Receiver]:
    """A receiver on the loopback that nobody has listed."""
    settings.WEBHOOK_ALLOWED_HOSTS, settings.WEBHOOK_ALLOWED_NETWORKS = [], []
    with receiving() as found:
        yield found


def told(url: str) -> notices.Answer:
    return notices.exchange(Request(url, {"Content-Type": "application/json"}, b"{}"))


INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fc00::1", "fd12::1",
    "fe80::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
    "64:ff9b::7f00:1", "2001:db8::1", "3fff::1", "3fff:fff::1", "5f00::1", "192.88.99.1",
    "::ffff:192.88.99.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_the_public_internet_is_inside(address: str) -> None:
    assert is_inside(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_public_is_not_inside(address: str) -> None:
    assert not is_inside(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("case", "hosts", "networks", "is_only", "url", "why"),
    [
        ("public", [], [], False, "https://h.example/x", ""),
        ("not encrypted", [], [], False, "http://h.example/x", "plain"),
        ("listed origin", ["http://h.example:81"], [], False, "http://h.example:81/x", ""),
        ("another port", ["http://h.example:81"], [], False, "http://h.example:82/x", "plain"),
        ("a host is https", ["h.example"], [], False, "http://h.example/x", "plain"),
        ("a host, any port", ["h.example"], [], True, "https://h.example:8443/x", ""),
        ("unlisted", ["h.example"], [], True, "https://i.example/x", "unlisted"),
        ("literal inside", [], [], False, "https://10.0.0.1/x", "inside"),
        ("literal in a network", [], ["10.0.0.0/8"], False, "http://10.0.0.1/x", ""),
        ("literal beside it", [], ["10.0.0.0/8"], False, "https://192.168.0.1/x", "inside"),
        ("mapped", [], [], False, "https://[::ffff:10.0.0.1]/x", "inside"),
        ("localhost", [], [], False, "https://localhost/x", "inside"),
        ("a dot more", [], [], False, "https://localhost./x", "inside"),
        ("name with networks", [], ["10.0.0.0/8"], True, "http://h.example/x", ""),
    ],
)
def test_names_are_looked_at_when_they_are_told(
    case: str, hosts: list[str], networks: list[str], is_only: bool, url: str, why: str
) -> None:
    allowed = Allowed.told(hosts, networks, is_only=is_only)
    assert allowed.why_not_named(place_of(url)) == why


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h.example/", "https://", "https://user:pw@h.example/", "https://h.example/#x",
        "https://h.example/ x", "https://h.example:99999/", "https://[", "javascript:alert(1)",
        "https://ｈ.example/", "https://h.example/\r\nX: y", "https://h.example:0/",
        "https://h.example/\x00", "https://h.example/?a=\x7f",
    ],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(DomainError) as caught:
        opening.check_address(url)
    assert caught.value.code == "bad_address"


@pytest.mark.django_db
def test_a_loopback_literal_is_refused_when_it_is_told(hidden: Receiver) -> None:
    with refused(DomainError, "address_not_allowed"):
        opening.check_address(hidden.origin.replace("http:", "https:"))


def test_a_name_that_leads_inside_is_refused_before_a_byte_is_sent(
    hidden: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lead(monkeypatch, "receiver.example", ["127.0.0.1"])
    port = hidden.origin.rpartition(":")[2]
    answer = told(f"https://receiver.example:{port}/x")
    assert answer.status == 0
    assert answer.error.startswith("the address lies inside")
    assert hidden.got == []


def test_a_listed_network_is_reached_by_name(
    hidden: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lead(monkeypatch, "receiver.example", ["10.9.9.9", "127.0.0.1"])
    port = hidden.origin.rpartition(":")[2]
    assert told(f"http://receiver.example:{port}/x").status == 0
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    assert told(f"http://receiver.example:{port}/x").status == 200
    assert hidden.got[0].headers["Host"] == f"receiver.example:{port}"


def test_what_is_connected_is_looked_at_again(
    hidden: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the network led elsewhere than the address says."""
    port = int(hidden.origin.rpartition(":")[2])
    _lead(monkeypatch, "receiver.example", ["8.8.8.8"])
    connect = socket.create_connection
    monkeypatch.setattr(
        socket, "create_connection", lambda _address, timeout: connect(("127.0.0.1", port), timeout)
    )
    answer = told(f"https://receiver.example:{port}/x")
    assert answer.error.startswith("the address lies inside")
    assert hidden.got == []


def test_no_proxy_of_the_environment_comes_between(
    hidden: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, hidden.origin)
    assert told("http://127.0.0.1:1/x").error.startswith("the address lies inside")
    assert hidden.got == []


def _lead(monkeypatch: pytest.MonkeyPatch, name: str, addresses: list[str]) -> None:
    real = socket.getaddrinfo

    def lead(host: str, port: int, *told: Any, **more: Any) -> Any:
        if host != name:
            return real(host, port, *told, **more)
        return [found for one in addresses for found in real(one, port, *told, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", lead)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/x", "the connection was refused"),
        ("http://no-such-host.invalid/x", "the name of the host is not known"),
    ],
)
def test_trouble_is_told_in_words(settings: Any, url: str, why: str) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    answer = told(url)
    assert (answer.status, answer.error) == (0, why)


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    hidden: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    answer = told(hidden.origin.replace("http:", "https:") + "/x")
    assert (answer.status, hidden.got) == (0, [])
    assert answer.error in ("the certificate of the host is not accepted",)


# Receivers that never come to an end.


@pytest.mark.parametrize("manner", ["silent", "dripping", "endless"])
def test_whatever_the_receiver_does_it_is_over_in_time(manner: str, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS, settings.WEBHOOK_SECONDS = ["127.0.0.0/8"], 0.6
    with _rude(manner) as port:
        began = time.monotonic()
        answer = told(f"http://127.0.0.1:{port}/x")
        assert time.monotonic() - began < 3
    if manner == "endless":
        assert (answer.status, len(answer.body) <= 4_000) == (200, True)
    else:
        assert (answer.status, answer.error) == (
            0, "no answer in time",
        )  # fmt: skip


@pytest.mark.parametrize("is_named", [False, True])
def test_what_the_steps_before_have_spent_is_not_given_again(
    settings: Any, monkeypatch: pytest.MonkeyPatch, is_named: bool
) -> None:
    """A name server that is slow, and then headers that drip."""
    settings.WEBHOOK_ALLOWED_NETWORKS, settings.WEBHOOK_SECONDS = ["127.0.0.0/8"], 0.6
    resolved = guarded._resolved

    def slow(place: Place) -> Any:  # Any: addresses
        time.sleep(0.3 if is_named else 3)
        return resolved(place)

    monkeypatch.setattr(guarded, "_resolved", slow)
    with _rude("heading") as port:
        began = time.monotonic()
        answer = told(f"http://127.0.0.1:{port}/x")
        assert time.monotonic() - began < 1.5
    assert (answer.status, answer.error) == (0, "no answer in time")


def test_of_many_addresses_few_are_tried_and_in_time(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_SECONDS, settings.WEBHOOK_CONNECT_SECONDS = 5.0, 0.01
    many = [ipaddress.ip_address(f"8.8.8.{last}") for last in range(10)]
    monkeypatch.setattr(guarded, "_resolved", lambda place: many)
    tried: list[float] = []

    def lost(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", lost)
    assert told("https://many.example/").error == "no answer in time"
    assert tried == [0.01] * 3
    settings.WEBHOOK_SECONDS, settings.WEBHOOK_CONNECT_SECONDS = 0.2, 5.0
    told("https://many.example/")
    assert all(one <= 0.2 for one in tried[3:])


class _rude:  # noqa: N801 (a context, as its neighbours are)
    """A receiver that takes the message and answers as nobody should."""

    def __init__(self, manner: str) -> None:
        self.manner, self.is_over = manner, threading.Event()

    def __enter__(self) -> int:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return int(self.listener.getsockname()[1])

    def __exit__(self, *_: Any) -> None:
        self.is_over.set()
        self.listener.close()
        self.thread.join(5)

    def _serve(self) -> None:
        taken, _address = self.listener.accept()
        try:
            taken.recv(65_536)
            if self.manner == "endless":
                taken.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            if self.manner == "heading":
                taken.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self.is_over.wait(0.001 if self.manner == "endless" else 0.05):
                if self.manner == "heading":
                    taken.sendall(b"X: a\r\n")
                if self.manner == "dripping":
                    taken.sendall(b"H")
                elif self.manner == "endless":
                    taken.sendall(b"x" * 65_536)
        except OSError:
            pass
        finally:
            taken.close()
