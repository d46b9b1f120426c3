"""Signing with P-256 keys that lie outside the database: made, rotated, published; DSSE envelopes.

ECDSA by RFC 6979: every process signs the same bytes alike. A folder of keys holds `current.pem`
and, for each key there ever was, `<key id>.json` with its public part: since when it signs (nbf)
and, of an older one, until when it did (exp).
"""

from __future__ import annotations

import base64
import datetime as dt
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# Servers' clocks differ, and a process may hold the older key while another rotates.
GRACE_SECONDS = 300
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


@dataclass(frozen=True)
class Signer:
    """A private key. id: SHA-256 of the public one (SubjectPublicKeyInfo), in hexadecimal."""

    key: ec.EllipticCurvePrivateKey
    id: str

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256, in DER."""
        return self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def pem(self) -> str:
        """The public key as PEM."""
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, _SPKI).decode()

    def jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key (RFC 7517)."""
        numbers = self.key.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": _base64url(numbers.x),
            "y": _base64url(numbers.y),
            "use": "sig",
            "alg": "ES256",
            "kid": self.id,
        }


def signer_in(path: Path) -> Signer:
    """The key in the file; made on first use. Raises TypeError where the file holds another."""
    if not path.exists():
        make_key(path)
    found = path.stat()
    return _read(path, found.st_ino, found.st_mtime_ns)


def make_key(path: Path) -> None:
    """The file holds a new key; of two processes that make one at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _first(path, _new_key())


def preauthentication(payload_type: str, body: bytes) -> bytes:
    """DSSE v1: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def envelope(payload_type: str, body: bytes, signer: Signer) -> bytes:
    """The DSSE envelope as JSON; the same bytes whenever key and body are the same."""
    signature = signer.sign(preauthentication(payload_type, body))
    told = {
        "payload": base64.b64encode(body).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": signer.id, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def current(folder: Path, now: dt.datetime) -> Signer:
    """The key that signs now; the folder's first key is made, and published, on first use."""
    signer = signer_in(folder / "current.pem")
    if not (folder / f"{signer.id}.json").exists():
        with _alone(folder):
            signer = _current(folder, now)
    return signer


def _current(folder: Path, now: dt.datetime) -> Signer:
    """The same, for whoever is alone: what was withdrawn meanwhile is not published again."""
    signer = signer_in(folder / "current.pem")
    if not (folder / f"{signer.id}.withdrawn").exists():
        _publish(folder, signer, now)
    return signer


def prepare(folder: Path, now: dt.datetime) -> str:
    """The key that signs after the next rotation is published beforehand; returns its id."""
    current(folder, now)
    with _alone(folder):
        _first(folder / "next.pem", _new_key())
        signer = signer_in(folder / "next.pem")
        _publish(folder, signer, now)
    return signer.id


def rotate(folder: Path, now: dt.datetime, *, compromised: bool = False) -> Signer:
    """Another key, the prepared one if there is one, signs from now on; the older ones stay
    published, each with its end.

    compromised: the key until now is published no more, so that nothing signed with it verifies:
    whoever has stolen it can also write an earlier moment. Processes see the new key at once.
    """
    current(folder, now)
    with _alone(folder):
        old = _current(folder, now)
        made = folder / "next.pem"
        if compromised and made.exists():  # whoever has one has the other
            _withdraw(folder / f"{signer_in(made).id}.json")
            made.unlink()
        _first(made, _new_key())
        signer = signer_in(made)
        _publish(folder, signer, now)  # known before it signs
        made.replace(folder / "current.pem")
        known = folder / f"{old.id}.json"
        if compromised:
            _withdraw(known)
        else:
            told = json.loads(known.read_bytes()) | {"exp": _seconds(now) + GRACE_SECONDS}
            _replace(known, json.dumps(told).encode())
    return signer


def jwks(folder: Path, now: dt.datetime) -> dict[str, list[dict[str, Any]]]:  # Any: RFC 7517
    """The public keys as a JSON Web Key Set, the current one first, then from young to old."""
    signing = current(folder, now).id
    found = []
    for path in folder.glob("*.json"):
        with suppress(FileNotFoundError):  # withdrawn meanwhile
            found.append(json.loads(path.read_bytes()))
    found.sort(key=lambda one: (one["kid"] != signing, -one["nbf"], one["kid"]))
    return {"keys": found}


def _withdraw(known: Path) -> None:
    if known.exists():
        known.rename(known.with_suffix(".withdrawn"))


def _publish(folder: Path, signer: Signer, now: dt.datetime) -> None:
    told = signer.jwk() | {"nbf": _seconds(now) - GRACE_SECONDS}
    _first(folder / f"{signer.id}.json", json.dumps(told).encode())


@lru_cache(maxsize=8)
def _read(path: Path, inode: int, changed: int) -> Signer:
    """The key in the file as it was when it looked like this."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise TypeError(f"{path} holds no P-256 key.")
    der = key.public_key().public_bytes(serialization.Encoding.DER, _SPKI)
    return Signer(key, hashlib.sha256(der).hexdigest())


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _first(path: Path, content: bytes) -> None:
    """The file holds this, unless it was there already; nobody ever sees a part of it."""
    written = _written(path, content)
    try:
        os.link(written, path)
    except FileExistsError:
        pass
    finally:
        written.unlink()


def _replace(path: Path, content: bytes) -> None:
    _written(path, content).replace(path)


def _written(path: Path, content: bytes) -> Path:
    """A file beside it, for the owner's eyes alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
    return Path(name)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process rotates meanwhile."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _seconds(moment: dt.datetime) -> int:
    return int(moment.timestamp())


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
