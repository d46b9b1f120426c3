"""Addresses and secrets of channels: sealed with a key that lies outside the database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def seal(address: str, secret: str, keys: Sequence[str]) -> str:
    """The two, sealed with the first key."""
    return seal_all([address, secret], keys)


def unseal(sealed: str, keys: Sequence[str]) -> tuple[str, str]:
    """Address and secret. Raises ValueError where none of the keys opens it."""
    address, secret = unseal_all(sealed, keys)
    return address, secret


def seal_all(told: Sequence[str], keys: Sequence[str]) -> str:
    """An address and its secrets, the one in use first; sealed with the first key."""
    return _box(keys).encrypt(json.dumps(list(told)).encode()).decode()


def unseal_all(sealed: str, keys: Sequence[str]) -> list[str]:
    """The address and its secrets. Raises ValueError where none of the keys opens it."""
    try:
        told = json.loads(_box(keys).decrypt(sealed.encode()))
    except InvalidToken:
        raise ValueError("The key that sealed this channel is not there any more.") from None
    return [str(one) for one in told]


def fingerprint(address: str, *secrets: str, keys: Sequence[str]) -> str:
    """By which the ledger knows address and secrets without holding them: HMAC-SHA-256.

    Everybody may read it: without the first key it tells nothing, not even of a weak secret.
    """
    return _fingerprint(keys[0], address, *secrets)


def is_of(told: str, address: str, *secrets: str, keys: Sequence[str]) -> bool:
    """Whether the fingerprint is theirs, by any of the keys.

    What was opened before there were keys of fingerprints has a plain SHA-256.
    """
    plain = hashlib.sha256(_joined(address, *secrets)).hexdigest()
    every = [plain, *(_fingerprint(key, address, *secrets) for key in keys)]
    return any(hmac.compare_digest(one, told) for one in every)


def _fingerprint(key: str, *told: str) -> str:
    derived = _derived(key, b"mingce fingerprints")
    return hmac.new(derived, _joined(*told), hashlib.sha256).hexdigest()


def _joined(*told: str) -> bytes:
    return "\n".join(told).encode()


def _box(keys: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key, b"mingce channels")) for key in keys])


def _derived(key: str, purpose: bytes) -> bytes:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose)
    return base64.urlsafe_b64encode(derive.derive(key.encode()))
