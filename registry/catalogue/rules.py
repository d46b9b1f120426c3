"""Search keys for Chinese and English names, and the identity of a version. Pure."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from pypinyin import Style, lazy_pinyin

_RUNS = re.compile(r"[^\W_]+", re.UNICODE)
SHA256 = re.compile(r"^[0-9a-f]{64}$")


def normal(text: str) -> str:
    """Full and half width, upper and lower case are one; runs of blanks too."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def initials(text: str) -> str:
    """The pinyin initials of the Chinese letters: 评分卡 → pfk."""
    letters = lazy_pinyin(text, style=Style.FIRST_LETTER, errors="ignore")
    return "".join(letter for letter in letters if letter.isascii())


def grams(text: str) -> list[str]:
    """The letters and pairs of letters that the normal text contains, for a GIN index."""
    found: set[str] = set()
    for run in _RUNS.findall(normal(text)):
        found.update(run)
        found.update(run[i : i + 2] for i in range(len(run) - 1))
    return sorted(found)


def search_text(parts: Iterable[str]) -> str:
    """What a search looks through: the normal texts and their initials, one per line."""
    kept = [part for part in parts if part]
    return "\n".join([normal(part) for part in kept] + [initials(part) for part in kept])


def manifest_digest(manifest: dict[str, Any]) -> str:  # Any: JSON
    """The digest of a configuration manifest: sha256 of its canonical JSON."""
    told = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def identity_faults(
    kind: str,
    digest: str,
    manifest: dict[str, Any],  # Any: JSON
) -> list[tuple[str, str]]:
    """What is wrong with a version's identity, as (field, fault)."""
    faults = []
    if kind in ("artifact", "rules") and not SHA256.match(digest):
        faults.append(("digest", "sha256"))
    if kind == "configuration":
        if not manifest.get("base_model"):
            faults.append(("manifest", "base_model"))
        if digest and digest != manifest_digest(manifest):
            faults.append(("digest", "mismatch"))
    if kind == "vendor":
        for key in ("vendor", "vendor_version", "probe_digest"):
            if not manifest.get(key):
                faults.append(("manifest", key))
    return faults
