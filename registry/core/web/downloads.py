"""How a file that is handed out is named."""

from __future__ import annotations

import re
import urllib.parse

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def attachment(name: str) -> str:
    """The Content-Disposition of a file to keep: a plain name for whoever reads no more (curl),
    and the whole one.
    """
    plain = _PLAIN.sub("_", name).strip("_")
    if plain.startswith(".") or not plain:  # nothing was left of the stem
        plain = f"file{plain}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name)}"
