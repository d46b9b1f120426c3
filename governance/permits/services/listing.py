"""The keys, and the list of revoked permits 许可撤销清单: signed, made once for each version."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from governance.permits import queries, rules
from governance.permits.queries import listing
from governance.suspensions.queries.listing import Version
from registry.core import clock, signing
from registry.core.signing import Signer

EVERY_SECONDS = 300  # a list is made anew, so that whoever has it can show that it is fresh
FRESH_SECONDS = 900  # until when the next is to be fetched


@dataclass(frozen=True)
class RevocationList:
    """The list as it is sent, with its strong entity tag."""

    sequence: int
    etag: str
    body: bytes


_Kept = tuple[Version, dt.datetime, str]
_made: dict[_Kept, RevocationList] = {}  # the last one of this process


def revocations() -> RevocationList:
    """The list as it is now. What is kept is compared with the database every time.

    The permits are read between two looks at the version, as the stop list's orders are.
    """
    signer, found = signer_now(), listing.version()
    since = _since(clock.now())
    while (kept := _made.get((found, since, signer.id))) is None:
        issued_at = max(since, found.at) if found.at else since
        rows = listing.listed(issued_at)
        after = listing.version()
        if after == found:
            kept = _signed(found, issued_at, rows, signer)
            _made.clear()
            _made[found, since, signer.id] = kept
        found = after
    return kept


def jwks() -> dict[str, list[dict[str, Any]]]:  # Any: RFC 7517
    """The public keys, older ones with the end of their time."""
    return signing.jwks(_folder(), clock.now())


def rotate(*, compromised: bool = False) -> str:
    """Another key signs from now on; returns its id. compromised: the older is trusted no more."""
    return signing.rotate(_folder(), clock.now(), compromised=compromised).id


def prepare() -> str:
    """The key of the next rotation is published already; returns its id."""
    return signing.prepare(_folder(), clock.now())


def signer_now() -> Signer:
    """The key that signs now; read before an act begins."""
    return signing.current(_folder(), clock.now())


def _folder() -> Path:
    return Path(settings.PERMIT_KEY_FOLDER)


def _since(now: dt.datetime) -> dt.datetime:
    """The beginning of the present list's time: the same for every process."""
    seconds = int(now.timestamp()) // EVERY_SECONDS * EVERY_SECONDS
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _signed(
    found: Version, issued_at: dt.datetime, rows: list[rules.Revoked], signer: Signer
) -> RevocationList:
    body = rules.revocation_list(
        queries.registry_host(),
        found.seq,
        issued_at,
        issued_at + dt.timedelta(seconds=FRESH_SECONDS),
        rows,
    )
    tag = f'"{found.seq}-{int(issued_at.timestamp())}-{signer.id[:16]}"'
    return RevocationList(found.seq, tag, signing.envelope(rules.LIST_TYPE, body, signer))
