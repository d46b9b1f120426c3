"""What a version's manifest and metrics say for its card. Pure.

A pipeline may tell the card's own facts under `card` when it registers a version, by the names of
`Card`; the rest is what other doors have put there (MLflow's flavours and signature, base models).
What does not fit is passed over: a manifest is anybody's JSON.
"""

from __future__ import annotations

import json
import re
from typing import Any

from governance.cards.rules.card import HINTS, Card, Figure, Pair
from governance.cards.rules.reading import MOST_ITEMS, Node, as_field, number
from registry.core.errors import DomainError

# What developers may say of a version; the register knows the rest by itself.
TOLD = (
    "overview", "approach", "task", "architecture", "library", "licences", "links", "users",
    "use_cases", "prohibited_uses", "affected", "datasets", "inputs", "outputs", "parameters",
    "figures", "fairness", "limitations", "tradeoffs", "ethics", "explanation", "energy",
    "base_models",
)  # fmt: skip
_LINK = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_MOST_COLUMNS = 100
Json = dict[str, Any]  # Any: JSON


def read(manifest: Json, metrics: Json) -> Card:
    """The card as far as the version itself tells it."""
    found: Json = {}
    told = manifest.get("card")
    for name in TOLD if isinstance(told, dict) else ():
        _take(found, name, Node(told).at(name))
    _add(found, "base_models", tuple(_texts([manifest.get("base_model")])))
    _add(found, "parameters", _pairs(manifest.get("parameters")))
    _add(found, "figures", tuple(_figures(metrics)))
    signature = manifest.get("signature")
    if isinstance(signature, dict):
        _add(found, "inputs", _columns(signature.get("inputs")))
        _add(found, "outputs", _columns(signature.get("outputs")))
    flavours = [one for one in _texts(manifest.get("flavors")) if one != "python_function"]
    if flavours:
        found.setdefault("library", flavours[0])
    found["links"] = tuple(one for one in found.get("links", ()) if is_link(one))
    return Card(**found)


def is_link(text: str) -> bool:
    """Whether the text is an absolute address, of whatever scheme."""
    return _LINK.fullmatch(text) is not None


def _take(found: Json, name: str, node: Node) -> None:
    try:
        if node:
            found[name] = as_field(node, HINTS[name])
    except DomainError:
        return


def _add(found: Json, name: str, more: tuple[Any, ...]) -> None:  # Any: entries of the field
    known = found.get(name, ())
    found[name] = known + tuple(one for one in more if one not in known)


def _texts(told: Any) -> list[str]:  # Any: JSON
    every = told if isinstance(told, list) else []
    return [one for one in every[:MOST_ITEMS] if isinstance(one, str) and one]


def _shown(value: Any) -> str:  # Any: JSON
    if isinstance(value, str):
        return value[:500]
    return json.dumps(value, ensure_ascii=False, sort_keys=True)[:500]


def _pairs(told: Any) -> tuple[Pair, ...]:  # Any: JSON
    rows = sorted(told.items())[:MOST_ITEMS] if isinstance(told, dict) else []
    return tuple(Pair(str(name), _shown(value)) for name, value in rows if name)


def _figures(metrics: Json) -> list[Figure]:
    """Numbers: `{"auc": 0.79}`; with parts: `{"auc": {"value": 0.79, "lower": 0.75}}`; of slices:
    `{"auc": {"under 25": 0.7}}`, or a list of parts each with its `slice`. The rest is no measure.
    """
    found: list[Figure] = []
    for name, told in sorted(metrics.items())[:MOST_ITEMS]:
        if isinstance(told, dict) and "value" not in told:
            told = [{"slice": part, "value": value} for part, value in sorted(told.items())]
        for one in told[:MOST_ITEMS] if isinstance(told, list) else [told]:
            parts = one if isinstance(one, dict) else {"value": one}
            if name and _is_measure(parts.get("value")):
                found.append(Figure(str(name), **_parts(parts)))
    return found


def _is_measure(value: Any) -> bool:  # Any: JSON
    if isinstance(value, str):
        return number(value) != value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parts(told: Json) -> dict[str, str]:
    names = ("value", "slice", "lower", "upper")
    return {name: _shown(told[name]) for name in names if told.get(name) is not None}


def _columns(told: Any) -> tuple[str, ...]:  # Any: MLflow's signature
    try:
        columns = json.loads(told) if isinstance(told, str) else told
    except ValueError:
        return ()
    found = []
    for one in columns[:_MOST_COLUMNS] if isinstance(columns, list) else []:
        if isinstance(one, dict):
            found.append(": ".join(_texts([one.get("name"), one.get("type")])))
    return tuple(one for one in found if one)
