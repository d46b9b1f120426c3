"""Anchors: the head of the chain, signed with a key outside the database, kept outside it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from django.conf import settings

from registry.core import clock
from registry.core.ledger import queries
from registry.core.ledger.rules import canonical, plain

EVERY_ENTRIES = 1_000
EVERY_SECONDS = 300


@dataclass(frozen=True)
class Anchor:
    """A signed statement that at `at` entry `seq` had this hash."""

    seq: int
    hash: str
    at: str
    key: str
    signature: str

    def message(self) -> bytes:
        """The bytes that are signed."""
        return canonical({"seq": self.seq, "hash": self.hash, "at": self.at}).encode()

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is this key's."""
        try:
            told = base64.b64decode(self.signature, validate=True)
            key.verify(told, self.message())
        except (InvalidSignature, ValueError):
            return False
        return base64.b64encode(told).decode() == self.signature  # one spelling, as in the export


def sink() -> Path:
    """The file that anchors are appended to."""
    return Path(settings.ANCHOR_SINK_DIR) / "anchors.jsonl"


def public_key() -> Ed25519PublicKey:
    """The key that anchors are verified with."""
    return _private_key().public_key()


def public_pem() -> str:
    """The public key as PEM, to be handed to auditors."""
    return (
        public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def key_id(key: Ed25519PublicKey) -> str:
    """sha256 of the public key, in hexadecimal."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def sign(message: bytes) -> str:
    """The signature of the institution's key, in base64."""
    return base64.b64encode(_private_key().sign(message)).decode()


def anchors() -> Iterator[Anchor]:
    """The anchors in the sink, in the order in which they were made."""
    if sink().exists():
        with sink().open(encoding="utf-8") as lines:
            for line in lines:
                yield Anchor(**json.loads(line))


def last_anchor() -> Anchor | None:
    """The last anchor in the sink, read from the end of the file; None where there is none."""
    if not sink().exists():
        return None
    with sink().open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4_096))
        tail = file.read().splitlines()
    return Anchor(**json.loads(tail[-1])) if tail else None


def anchor() -> Anchor | None:
    """The head of the chain is anchored; None where the ledger is empty or anchored already."""
    seq, head_hash = queries.head()
    last = last_anchor()
    if seq == 0 or (last is not None and last.seq >= seq):
        return None
    unsigned = Anchor(seq, head_hash, plain(clock.now()), key_id(public_key()), "")
    made = replace(unsigned, signature=sign(unsigned.message()))
    _append(made)
    return made


def anchor_when_due() -> Anchor | None:
    """Anchors after five minutes or a thousand entries, whichever comes first."""
    seq, _ = queries.head()
    last = last_anchor()
    if last is not None:
        age = clock.now() - dt.datetime.fromisoformat(last.at)
        if seq - last.seq < EVERY_ENTRIES and age.total_seconds() < EVERY_SECONDS:
            return None
    return anchor()


def _append(made: Anchor) -> None:
    sink().parent.mkdir(parents=True, exist_ok=True)
    with sink().open("a", encoding="utf-8") as out:
        out.write(canonical(asdict(made)) + "\n")
        out.flush()
        os.fsync(out.fileno())
    (sink().parent / "anchor.pub.pem").write_text(public_pem(), encoding="ascii")


def _private_key() -> Ed25519PrivateKey:
    """The signing key; made on first use, readable by its owner only."""
    path = Path(settings.ANCHOR_KEY_FILE)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(pem)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} holds no Ed25519 key.")
    return key
