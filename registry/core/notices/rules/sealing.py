"""Addresses and secrets of channels: sealed with a key that lies outside the database."""

from __future__ import annotations

import base64
import hashlib
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


def fingerprint(address: str, *secrets: str) -> str:
    """SHA-256 by which the ledger knows address and secrets without holding them."""
    return hashlib.sha256("\n".join((address, *secrets)).encode()).hexdigest()


def _box(keys: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"mingce channels")
    return base64.urlsafe_b64encode(derive.derive(key.encode()))
