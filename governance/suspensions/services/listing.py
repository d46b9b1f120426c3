"""The stop list 停用清单 for gateways: signed, made once for each version that it has."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from governance.suspensions import rules
from governance.suspensions.queries import listing


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
                rules.envelope(body, key_id(), _sign),
            )
            _made.clear()
            _made[found.uid] = kept
        found = after
    return kept


def public_pem() -> str:
    """The public key as PEM, for whoever verifies the list."""
    encoding = serialization.Encoding.PEM
    return _public_key().public_bytes(encoding, _SPKI).decode()


def public_jwk() -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 7517)."""
    numbers = _public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _base64url(numbers.x),
        "y": _base64url(numbers.y),
        "use": "sig",
        "alg": "ES256",
        "kid": key_id(),
    }


def key_id() -> str:
    """SHA-256 of the public key, in hexadecimal."""
    return hashlib.sha256(_public_key().public_bytes(serialization.Encoding.DER, _SPKI)).hexdigest()


_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


def _sign(message: bytes) -> bytes:
    """ECDSA by RFC 6979: every process signs a version alike, so that its tag is a strong one."""
    return _private_key().sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def _public_key() -> ec.EllipticCurvePublicKey:
    return _private_key().public_key()


def _private_key() -> ec.EllipticCurvePrivateKey:
    return _key_in(Path(settings.STOP_LIST_KEY_FILE))


@cache
def _key_in(path: Path) -> ec.EllipticCurvePrivateKey:
    """The signing key; made on first use, readable by its owner only."""
    if not path.exists():
        _make_key(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise TypeError(f"{path} holds no P-256 key.")
    return key


def _make_key(path: Path) -> None:
    """The file holds a new key; of two processes that make one at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor, written = tempfile.mkstemp(dir=path.parent)  # for the owner's eyes alone
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
    try:
        os.link(written, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(written)
