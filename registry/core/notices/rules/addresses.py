"""Which addresses a webhook may lead to: the outside world, and inside what operators list. Pure.

A name is nobody's promise: it can lead elsewhere a second later. So names are looked at when a
webhook is opened, and the address itself when it is connected to.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_CHARACTERS = 2_000
PORTS = {"https": 443, "http": 80}
# Not of the public Internet, whatever the library knows: documentation (RFC 9637), segment routing
# (RFC 9602), and the relays of 6to4, which carry to anywhere (RFC 7526).
RESERVED = tuple(ipaddress.ip_network(one) for one in ("3fff::/20", "5f00::/16", "192.88.99.0/24"))


@dataclass(frozen=True)
class Place:
    """What an address names: scheme, host and port, and `origin` as operators list it."""

    scheme: str
    host: str
    port: int
    origin: str
    path: str

    @property
    def is_plain(self) -> bool:
        """Whether nothing is encrypted on the way."""
        return self.scheme == "http"


@dataclass(frozen=True)
class Allowed:
    """What the operators have listed.

    hosts: `receiver.bank.example`, `receiver.bank.example:8443` (https), or a whole origin such as
    `http://10.2.0.7:8080`; networks: in them any address, with or without encryption; is_only:
    nothing else is reached, not even what is public.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    is_only: bool = False

    @classmethod
    def told(cls, hosts: Sequence[str], networks: Sequence[str], *, is_only: bool) -> Allowed:
        """As settings write it. Raises ValueError for a network that is none."""
        found = tuple(ipaddress.ip_network(one.strip(), strict=False) for one in networks)
        return cls(frozenset(one.strip().lower() for one in hosts), found, is_only)

    def lists(self, place: Place) -> bool:
        """Whether the operators have named the host itself."""
        return place.origin in self.hosts or (not place.is_plain and place.host in self.hosts)

    def why_not_named(self, place: Place) -> str:
        """What stands against the name, before anybody connects; empty where nothing does."""
        if self.lists(place):
            return ""
        address = _literal(place.host)
        if address is not None:
            return self.why_not(place, address)
        if place.host == "localhost" or place.host.endswith(".localhost"):
            return "inside"
        if (place.is_plain or self.is_only) and not self.networks:
            return "plain" if place.is_plain else "unlisted"
        return ""  # where it leads is seen when it is connected to

    def why_not(self, place: Place, address: Address) -> str:
        """What stands against connecting to the address; empty where nothing does."""
        if self.lists(place):
            return ""
        plain = unwrapped(address)
        if any(plain in network for network in self.networks if network.version == plain.version):
            return ""
        if is_inside(plain):
            return "inside"
        if place.is_plain:
            return "plain"
        return "unlisted" if self.is_only else ""


def place_of(url: str) -> Place:
    """The address, taken apart. Raises ValueError where it is none that can be posted to."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().rstrip(".")
    if parts.scheme not in PORTS or not host or parts.username is not None or parts.fragment:
        raise ValueError("no address of http or https")
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if len(url) > MOST_CHARACTERS or not is_plain:
        raise ValueError("no address of http or https")
    port = PORTS[parts.scheme] if parts.port is None else parts.port
    if port == 0:
        raise ValueError("no address of http or https")
    shown = f"[{host}]" if ":" in host else host
    shown = shown if port == PORTS[parts.scheme] else f"{shown}:{port}"
    origin = shown if parts.scheme == "https" else f"http://{shown}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host, port, origin, path)


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside one of IPv6 that only carries it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
    return address


def is_inside(address: Address) -> bool:
    """Loopback, private, link-local, carrier-grade NAT, multicast, reserved: whatever is not the
    public Internet (RFC 6890).
    """
    plain = unwrapped(address)
    site_local = isinstance(plain, ipaddress.IPv6Address) and plain.is_site_local
    return (
        not plain.is_global
        or plain.is_multicast
        or plain.is_reserved
        or plain.is_unspecified
        or plain.is_loopback
        or plain.is_link_local
        or site_local
        or any(plain in one for one in RESERVED if one.version == plain.version)
    )


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
