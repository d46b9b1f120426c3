"""The export: one JSON object a line, verifiable without Mingce by docs/verify_export.py."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from registry.core import clock
from registry.core.ledger import queries
from registry.core.ledger.rules import canonical
from registry.core.ledger.services.anchoring import anchor, anchors, public_pem, sign

FORMAT = "mingce-ledger-export/2"


def export(path: Path, progress: Callable[[str, int, int], None] | None = None) -> int:
    """The file holds the ledger up to now with its anchors; returns the number of entries.

    The head is anchored first, so that the last entry is covered, and the end is signed, so that
    nothing can be left out. The file appears whole or not at all.
    """
    anchor()
    head, _ = queries.head()
    tell = progress or (lambda stage, done, total: None)
    partial = path.with_name(path.name + ".partial")
    checksum = hashlib.sha256()
    written = 0
    with partial.open("w", encoding="utf-8", newline="\n") as out:
        for record in _records(head):
            line = canonical(record) + "\n"
            checksum.update(line.encode())
            out.write(line)
            written += "entry" in record
            if written % 5_000 == 0:
                tell("entries", written, head)
        out.write(canonical(_end(written, checksum.hexdigest())) + "\n")
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    tell("entries", written, head)
    return written


def _end(entries: int, sha256: str) -> dict[str, Any]:  # Any: JSON
    """The signed end: how many entries the file holds, and the sha256 of all lines before it."""
    told = {"entries": entries, "sha256": sha256}
    return {"end": told | {"signature": sign(canonical(told).encode())}}


def _records(head: int) -> Iterator[dict[str, Any]]:  # Any: JSON
    yield {"header": {"format": FORMAT, "exported_at": clock.now(), "public_key": public_pem()}}
    for line in queries.lines(upto=head):
        yield {"entry": asdict(line)}
    for made in anchors():
        if made.seq <= head:
            yield {"anchor": asdict(made)}
