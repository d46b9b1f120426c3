"""Merkle trees as in RFC 9162: many records under one digest, each provable by itself. Pure.

`docs/verify_decision.py` says it again, for those who trust nothing of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf(content: bytes) -> bytes:
    """The digest of a record."""
    return hashlib.sha256(b"\x00" + content).digest()


def parent(left: bytes, right: bytes) -> bytes:
    """The digest of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The digest over all leaves; an odd one is carried up as it is."""
    level = list(leaves)
    if not level:
        return EMPTY
    while len(level) > 1:
        pairs = [parent(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def path(leaves: Sequence[bytes], position: int) -> list[tuple[str, bytes]]:
    """What proves the leaf: each sibling from below to the root, with its side."""
    level, found = list(leaves), []
    while len(level) > 1:
        sibling = position ^ 1
        if sibling < len(level):
            found.append(("left" if sibling < position else "right", level[sibling]))
        pairs = [parent(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
        position //= 2
    return found


def climbed(start: bytes, steps: Sequence[tuple[str, bytes]]) -> bytes:
    """The root that the steps lead to."""
    found = start
    for side, sibling in steps:
        found = parent(sibling, found) if side == "left" else parent(found, sibling)
    return found
