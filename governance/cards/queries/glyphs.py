"""Texts as a font can show them: what it has no sign for is told by its number in Unicode."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import Any

MOST_RUN = 500  # letters without a blank that are set in one piece
_RUN = re.compile(rf"([^\s]{{{MOST_RUN}}})(?=\S)")
_BLANKS = frozenset("\t\n\r ")


def shown(thing: Any, font: Path) -> Any:  # Any: JSON, as the paper takes it
    """The same, each text of signs that the font has, and of lines that can be broken."""
    if isinstance(thing, dict):
        return {name: shown(value, font) for name, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [shown(one, font) for one in thing]
    return _text(thing, font) if isinstance(thing, str) else thing


def _text(text: str, font: Path) -> str:
    told = "".join(one if _has(one, font) else f"[U+{ord(one):04X}]" for one in text)
    return _RUN.sub(r"\1 ", told)


def _has(letter: str, font: Path) -> bool:
    starts, ends = _ranges(font)
    place = bisect_right(starts, ord(letter)) - 1
    return letter in _BLANKS or (place >= 0 and ord(letter) <= ends[place])


@cache
def _ranges(font: Path) -> tuple[list[int], list[int]]:
    """The first and the last characters of each range in the font (OpenType, cmap format 12)."""
    content = font.read_bytes()
    tables = struct.unpack_from(">H", content, 4)[0]
    entries = [struct.unpack_from(">4sIII", content, 12 + 16 * one) for one in range(tables)]
    cmap = next(at for tag, _sum, at, _length in entries if tag == b"cmap")
    count = struct.unpack_from(">H", content, cmap + 2)[0]
    for one in range(count):
        place = cmap + struct.unpack_from(">I", content, cmap + 8 + 8 * one)[0]
        if struct.unpack_from(">H", content, place)[0] == 12:
            groups = struct.unpack_from(">I", content, place + 12)[0]
            rows = [
                struct.unpack_from(">II", content, place + 16 + 12 * at) for at in range(groups)
            ]
            return [first for first, _last in rows], [last for _first, last in rows]
    raise ValueError(f"{font} tells of no characters beyond the first plane")
