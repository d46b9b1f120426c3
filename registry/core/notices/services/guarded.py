"""One request to an address that anybody may have told: where it connects to is looked at.

The name is resolved once, an address that may be reached is connected to, and what is connected is
looked at again before a byte is sent: a name that leads elsewhere a second later changes nothing.
No proxy, no redirect, no endless answer; whatever the receiver or its name server does, it is over
in time: there is one deadline, and each step has what is left of it.
"""

from __future__ import annotations

import errno
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue

from django.conf import settings
from django.utils.translation import gettext_noop

from registry.core.deadlines import Deadline
from registry.core.notices.rules import Allowed, Place, Request, place_of

MOST_ANSWER = 4_000  # bytes
MOST_ADDRESSES = 3  # of one name that are tried
# Reasons are kept in English, and told in the language of whoever reads them.
_WHY = {
    "inside": gettext_noop("the address lies inside, and the operators do not list it"),
    "plain": gettext_noop("the address is not https, and the operators do not list it"),
    "unlisted": gettext_noop("the operators do not list the address"),
}
_LATE = gettext_noop("no answer in time")
_TROUBLE: tuple[tuple[type[Exception], str], ...] = (
    (ConnectionRefusedError, gettext_noop("the connection was refused")),
    (socket.gaierror, gettext_noop("the name of the host is not known")),
    (ssl.SSLError, gettext_noop("the certificate of the host is not accepted")),
    (TimeoutError, _LATE),
)
_OTHER = gettext_noop("the connection has failed")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Answer:
    """What came back. status: 0 where nothing did, and then `error` says why."""

    status: int = 0
    body: bytes = b""
    retry_after: str = ""
    error: str = ""
    milliseconds: int = 0

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has taken the message."""
        return 200 <= self.status < 300


class AddressRefusedError(OSError):
    """Nothing is sent there."""


def allowed() -> Allowed:
    """What the operators have listed."""
    return Allowed.told(
        settings.WEBHOOK_ALLOWED_HOSTS,
        settings.WEBHOOK_ALLOWED_NETWORKS,
        is_only=settings.WEBHOOK_ONLY_ALLOWED,
    )


def exchange(request: Request) -> Answer:
    """The request has been posted once, and what came back, within WEBHOOK_SECONDS."""
    began = time.monotonic()
    try:
        answer = _exchange(request)
    except AddressRefusedError as error:
        answer = Answer(error=str(error))
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
        # AttributeError: of a socket that was closed below because its time was over.
        is_late = time.monotonic() - began >= settings.WEBHOOK_SECONDS
        answer = Answer(error=_LATE if is_late else _in_words(error))
    spent = round((time.monotonic() - began) * 1_000)
    return Answer(answer.status, answer.body, answer.retry_after, answer.error, spent)


def _in_words(error: Exception) -> str:
    """What went wrong, without the address: it may hold a secret."""
    return next((told for kind, told in _TROUBLE if isinstance(error, kind)), _OTHER)


def _exchange(request: Request) -> Answer:
    place = place_of(request.url)
    deadline = Deadline(settings.WEBHOOK_SECONDS)
    connection = _Checked(place, deadline)
    with deadline.holding():
        try:
            connection.request("POST", place.path, request.body, request.headers)
            found = connection.getresponse()
            deadline.left()  # headers that were cut look like headers that have ended
            body = _beginning(found)
            return Answer(found.status, body, found.headers.get("Retry-After", "")[:100])
        finally:
            connection.close()


def _beginning(found: http.client.HTTPResponse) -> bytes:
    """The beginning of the answer; the status counts, whatever becomes of the rest."""
    try:
        return found.read1(MOST_ANSWER)
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return b""


class _Checked(http.client.HTTPConnection):
    """A connection to what may be reached, and to nothing else."""

    def __init__(self, place: Place, deadline: Deadline) -> None:
        super().__init__(place.host, place.port)
        self.deadline = deadline
        self.default_port = 443 if place.scheme == "https" else 80  # for the header Host
        self.place = place

    def connect(self) -> None:
        """Resolved once, checked, connected, checked again, and only then encrypted."""
        raw = self.deadline.watch(_connected(self.place, self.deadline))
        self.sock = raw
        raw.settimeout(self.deadline.left())
        if self.place.is_plain:
            return
        wrapped = _tls().wrap_socket(
            raw, server_hostname=self.place.host, do_handshake_on_connect=False
        )
        self.sock = wrapped
        wrapped.settimeout(self.deadline.left())
        wrapped.do_handshake()
        wrapped.settimeout(self.deadline.left())


def _connected(place: Place, deadline: Deadline) -> socket.socket:
    rules, why, tried = allowed(), "", 0
    last: OSError | None = None
    for address in _resolved_in_time(place, deadline):
        if tried == MOST_ADDRESSES:
            break
        if refused := rules.why_not(place, address):
            why = refused
            continue
        try:
            found = socket.create_connection(
                (str(address), place.port),
                min(settings.WEBHOOK_CONNECT_SECONDS, deadline.left()),
            )
        except OSError as error:
            last = error
            tried += error.errno != errno.ENETUNREACH  # a family that nobody routes costs no time
            continue
        peer = ipaddress.ip_address(found.getpeername()[0].partition("%")[0])
        if not (why := rules.why_not(place, peer)):
            return found
        found.close()
    if why and last is None:
        raise AddressRefusedError(_WHY[why])
    raise last or OSError("no address")


def _resolved_in_time(place: Place, deadline: Deadline) -> list[Address]:
    """The addresses. A resolver knows no time-out of ours: it is left alone where it is late."""
    found: SimpleQueue[list[Address] | Exception] = SimpleQueue()

    def resolve() -> None:
        try:
            found.put(_resolved(place))
        except Exception as error:  # told in the thread that waits
            found.put(error)

    threading.Thread(target=resolve, daemon=True).start()
    try:
        told = found.get(timeout=deadline.left())
    except Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(told, Exception):
        raise told
    return told


def _resolved(place: Place) -> list[Address]:
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    texts = dict.fromkeys(str(told[4][0]).partition("%")[0] for told in found)
    return [ipaddress.ip_address(one) for one in texts]


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # the system's authorities: a bank adds its own there
