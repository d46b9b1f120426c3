"""The stop list 停用清单 for gateways: signed, made once for each version that it has."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from governance.suspensions import rules
from governance.suspensions.queries import listing
from registry.core import signing


@dataclass(frozen=True)
class StopList:
    """The list as it is sent, with its strong entity tag."""

    version: int
    etag: str
    body: bytes


_made: dict[uuid.UUID | None, StopList] = {}  # the last one of this process


def stop_list() -> StopList:
    """The list as it is now. What is kept is compared with the database every time.

    The orders are read between two looks at the version: where it has moved they are read again,
    so that no list is kept under another's version.
    """
    found = listing.version()
    while (kept := _made.get(found.uid)) is None:
        orders, releases = listing.listed()
        after = listing.version()
        if after == found:
            body = rules.payload(found.seq, found.at, orders, releases)
            kept = StopList(
                found.seq,
                f'"{found.seq}-{key_id()[:16]}"',
                signing.envelope(rules.PAYLOAD_TYPE, body, _signer()),
            )
            _made.clear()
            _made[found.uid] = kept
        found = after
    return kept


def public_pem() -> str:
    """The public key as PEM, for whoever verifies the list."""
    return _signer().pem()


def public_jwk() -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 7517)."""
    return _signer().jwk()


def key_id() -> str:
    """SHA-256 of the public key, in hexadecimal."""
    return _signer().id


def _signer() -> signing.Signer:
    return signing.signer_in(Path(settings.STOP_LIST_KEY_FILE))
