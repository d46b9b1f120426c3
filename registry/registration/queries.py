"""Near-duplicates, so that a model is not registered twice."""

from __future__ import annotations

import uuid
from typing import Any

from registry.catalogue.queries import visible_to
from registry.catalogue.rules import grams, normal
from registry.core.people.models import User

ALIKE = 0.45


def near_duplicates(
    user: User, name_zh: str, name_en: str = ""
) -> list[dict[str, Any]]:  # Any: a row
    """The models that the person may see whose names are much alike, the likest first, at most 5.

    Likeness is the share of common letter pairs (0–1): trigrams fail on two-character words.
    """
    found: dict[uuid.UUID, dict[str, Any]] = {}  # Any: a row of five columns
    for name in (name_zh, name_en):
        wanted = set(grams(name))
        if len(normal(name)) < 2 or not wanted:
            continue
        pairs = sorted(gram for gram in wanted if len(gram) == 2)
        rows = visible_to(user).filter(search_grams__overlap=pairs[:12] or sorted(wanted))
        for row in rows.values("id", "code", "name_zh", "name_en", "former_names")[:500]:
            told: dict[str, Any] = dict(row)  # Any: a row of five columns
            names = [row["name_zh"], row["name_en"], *told.pop("former_names")]
            likeness = max(_likeness(wanted, set(grams(other))) for other in names if other)
            if likeness >= ALIKE and likeness > found.get(row["id"], {}).get("likeness", 0):
                found[row["id"]] = told | {"likeness": round(likeness, 2)}
    return sorted(found.values(), key=lambda row: (-row["likeness"], row["code"]))[:5]


def _likeness(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b) if a | b else 0.0
