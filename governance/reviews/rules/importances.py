"""What an explanation tool says of a model: importances read from its file, and compared. Pure.

Read are CSV with a column for the feature and one for its importance, and JSON as these tools
write it: plain mappings and lists of records; SHAP (`feature_names`, `values`) and Alibi (`meta`,
`data`), as documented; AI Verify (`feature_names`, `results`), as the sample of its SHAP toolbox;
ValidMind (`TestResult.serialize()` or its table as CSV) and Giskard (`explain()`), as their public
source writes them. A matrix of local values becomes the mean of their absolutes.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.errors import DomainError

MOST_BYTES = 5 * 1024 * 1024
MOST_FEATURES = 2_000
_NAMES = ("feature", "name", "variable", "feature_name", "column", "特征", "变量")
_VALUES = (
    "importance", "mean_abs_shap", "shap", "shap_value", "value", "weight", "gain", "score",
    "importance_mean", "重要性",
)  # fmt: skip
_ARRAYS = (
    "values",
    "shap_values",
    "feature_importance",
    "importances",
    "global",
    "results",
    "data",
)
# ValidMind's FeatureImportance: one row, a cell for each rank, `Feature 1` → `[income; 0.4512]`.
_RANK = re.compile(r"feature \d+", re.IGNORECASE)
_RANKED = re.compile(r"\[(?P<name>.+); (?P<value>[^;]+)\]", re.DOTALL)


@dataclass(frozen=True)
class Importances:
    """Feature → share of the whole (0 to 1, together 1), the most important first."""

    tool: str
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Moved:
    """How the explanation differs from the one before."""

    appeared: tuple[str, ...]
    vanished: tuple[str, ...]
    shifts: tuple[tuple[str, float], ...]  # feature → change of its share, the largest first
    rank_correlation: float | None  # Spearman's, over the features of both; None below three


def read(file_name: str, content: bytes) -> Importances:
    """The importances of the file. Raises DomainError naming what is wrong with it.

    `importances_too_large`, `importances_unreadable`, `importances_columns`, `importances_value`.
    """
    if len(content) > MOST_BYTES:
        raise DomainError(
            "importances_too_large",
            "A file of importances has at most %(most)s MB.",
            field="file",
            status=413,
            params={"most": MOST_BYTES // (1024 * 1024)},
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable("UTF-8") from error
    tool, found = _json(text) if file_name.lower().endswith(".json") else _csv(text)
    return Importances(tool, _shares(found))


def compare(before: Importances, now: Importances) -> Moved:
    """What has moved since."""
    old, new = dict(before.shares), dict(now.shares)
    both = [name for name in new if name in old]
    shifts = sorted(
        ((name, new[name] - old[name]) for name in both), key=lambda one: (-abs(one[1]), one[0])
    )
    return Moved(
        appeared=tuple(name for name in new if name not in old),
        vanished=tuple(name for name in old if name not in new),
        shifts=tuple(shifts),
        rank_correlation=rank_correlation(
            [old[name] for name in both], [new[name] for name in both]
        ),
    )


def _csv(text: str) -> tuple[str, dict[str, float]]:
    rows = csv.DictReader(io.StringIO(text))
    try:
        columns = {str(name).strip().lower(): name for name in rows.fieldnames or () if name}
        name = next((columns[one] for one in _NAMES if one in columns), None)
        value = next((columns[one] for one in _VALUES if one in columns), None)
        if name is not None and value is not None:
            return "csv", _once((str(row[name] or ""), row[value]) for row in rows)
        if any(_RANK.fullmatch(one) for one in columns):
            return "validmind", _ranked(rows)
    except csv.Error as error:
        raise _unreadable("CSV") from error
    raise _columns(", ".join(map(str, columns)) or "–")


def _json(text: str) -> tuple[str, dict[str, float]]:
    try:
        told = json.loads(text, parse_constant=_no_constant)
        json.dumps(told, ensure_ascii=False).encode()  # half a surrogate pair is no text
        return _tool(told), _of(told)
    except DomainError:
        raise
    except (ValueError, RecursionError) as error:
        raise _unreadable("JSON") from error


def _tool(told: Any) -> str:  # Any: JSON
    if not isinstance(told, dict):
        return "json"
    if "test_name" in told and isinstance(told.get("summary"), list):
        return f"validmind {str(told['test_name']).rpartition('.')[2]}".strip()
    if isinstance(told.get("explanations"), dict):
        return "giskard"
    meta = told.get("meta")
    if isinstance(meta, dict) and "data" in told:
        return f"alibi {meta.get('name') or ''}".strip()
    if "gid" in told or "cid" in told or isinstance(told.get("results"), dict):
        return "aiverify"
    return "shap" if "feature_names" in told else "json"


def _of(told: Any) -> dict[str, float]:  # Any: JSON
    """The importances inside a JSON value, wherever the tool keeps them."""
    if isinstance(told, list) and told and all(isinstance(one, dict) for one in told):
        return _records(told)
    if not isinstance(told, dict):
        raise _columns("–")
    if "test_name" in told and isinstance(told.get("summary"), list):
        return _tables(told["summary"])
    if isinstance(told.get("explanations"), dict):
        return _classes(told["explanations"])
    inner = told.get("data") if isinstance(told.get("data"), dict) else told.get("output")
    if "feature_names" not in told and isinstance(inner, dict):
        return _of(inner)
    if "feature_names" in told:
        return _arrays(told)
    for key in ("importances", "feature_importance", "feature_importances", "values"):
        if isinstance(told.get(key), dict | list):
            return _of(told[key])
    if told and all(_is_number(one) for one in told.values()):
        return _once(told.items())
    raise _columns(", ".join(map(str, list(told)[:8])) or "–")


def _records(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:  # Any: JSON
    keys = {str(key).strip().lower(): key for key in rows[0]}
    name = next((keys[one] for one in _NAMES if one in keys), None)
    value = next((keys[one] for one in _VALUES if one in keys), None)
    if name is None or value is None:
        raise _columns(", ".join(map(str, keys)))
    return _once((str(row.get(name, "")), row.get(value)) for row in rows)


def _tables(summary: Sequence[Any]) -> dict[str, float]:  # Any: JSON
    """ValidMind: the first of the test's tables that holds importances."""
    tables = [one.get("data") for one in summary if isinstance(one, dict)]
    seen = []
    for rows in tables:
        if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
            continue
        keys = {str(key).strip().lower() for key in rows[0]}
        if any(_RANK.fullmatch(key) for key in keys):
            return _ranked(rows)
        if keys.intersection(_NAMES) and keys.intersection(_VALUES):
            return _records(rows)
        seen += sorted(keys)
    raise _columns(", ".join(seen) or "–")


def _ranked(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:  # Any: as read
    """ValidMind's ranks: the features of its one row; further rows are other models."""
    found = [row for _at, row in zip(range(2), rows, strict=False)]
    if len(found) != 1:
        raise _columns("0" if not found else "> 1 × Feature 1")
    cells = [
        str(cell)
        for key, cell in found[0].items()
        if _RANK.fullmatch(str(key).strip()) and cell not in (None, "")
    ]
    parsed = [(cell, _RANKED.fullmatch(cell.strip())) for cell in cells]
    return _once((m["name"], m["value"]) if m else (cell, None) for cell, m in parsed)


def _classes(told: Mapping[str, Any]) -> dict[str, float]:  # Any: JSON
    """Giskard: for each class a mapping; a feature's importance is its mean over the classes."""
    if not told or not all(isinstance(one, dict) and one for one in told.values()):
        raise _columns("explanations")
    parsed = [_once(one.items()) for one in told.values()]
    names = dict.fromkeys(name for one in parsed for name in one)
    return _once((name, sum(one.get(name, 0.0) for one in parsed) / len(parsed)) for name in names)


def _arrays(told: Mapping[str, Any]) -> dict[str, float]:  # Any: JSON
    """Names beside a vector, or beside a matrix whose rows are cases."""
    names = told["feature_names"]
    if not isinstance(names, list) or not names:
        raise _columns("feature_names")
    found = _numbers(next((told[key] for key in _ARRAYS if key in told), None), len(names))
    if found is None:
        raise _columns(", ".join(map(str, list(told)[:8])))
    return _once(zip(map(str, names), found, strict=True))


def _numbers(value: Any, width: int) -> list[Any] | None:  # Any: JSON
    """A vector of that width; of a matrix the mean of the absolutes, column by column."""
    if isinstance(value, dict):
        inner = (value[key] for key in (*_ARRAYS, "local") if key in value)
        return next((one for one in (_numbers(one, width) for one in inner) if one), None)
    if not isinstance(value, list) or not value:
        return None
    if len(value) == width and all(_is_number(one) for one in value):
        return value
    rows = [row for row in value if isinstance(row, list) and len(row) == width]
    if len(rows) == len(value) and all(_is_number(one) for row in rows for one in row):
        return [_mean([abs(row[at]) for row in rows]) for at in range(width)]
    return _numbers(value[0], width) if len(value) == 1 else None


def _mean(values: Sequence[float]) -> float:
    """The mean; infinite where whole numbers of JSON are too large to be divided."""
    try:
        return sum(values) / len(values)
    except OverflowError:
        return math.inf


def _once(pairs: Any) -> dict[str, float]:  # Any: an iterable of (name, value) as read
    found: dict[str, float] = {}
    for name, value in pairs:
        number = _number(value)
        if not name.strip() or len(name) > 200 or name in found or number is None:
            raise DomainError(
                "importances_value",
                "“%(name)s” is not a feature named once with a finite number.",
                field="file",
                params={"name": name[:60] or "–"},
            )
        found[name] = abs(number)
        if len(found) > MOST_FEATURES:
            raise _columns(f"> {MOST_FEATURES}")
    return found


def _number(value: Any) -> float | None:  # Any: as read
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and not isinstance(value, bool) else None


def _is_number(value: Any) -> bool:  # Any: JSON
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shares(found: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    whole = sum(found.values())
    if not found or whole <= 0 or not math.isfinite(whole):
        raise DomainError(
            "importances_value",
            "No feature has any importance in this file.",
            field="file",
        )
    shares = ((name, value / whole) for name, value in found.items())
    return tuple(sorted(shares, key=lambda one: (-one[1], one[0])))


def rank_correlation(old: Sequence[float], new: Sequence[float]) -> float | None:
    """Spearman's rank correlation with mean ranks for ties; None below three or without spread."""
    if len(old) < 3:
        return None
    first, second = _ranks(old), _ranks(new)
    middle = (len(old) + 1) / 2
    both = sum((a - middle) * (b - middle) for a, b in zip(first, second, strict=True))
    spread = math.sqrt(
        sum((a - middle) ** 2 for a in first) * sum((b - middle) ** 2 for b in second)
    )
    return both / spread if spread else None


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=lambda at: values[at])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for at in order[start : end + 1]:
            ranks[at] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _unreadable(what: str) -> DomainError:
    return DomainError(
        "importances_unreadable",
        "The file can't be read as %(what)s.",
        field="file",
        hint="NaN and Infinity are not read; write numbers.",
        params={"what": what},
    )


def _columns(found: str) -> DomainError:
    return DomainError(
        "importances_columns",
        "Features and importances were not found in this file; it has: %(found)s.",
        field="file",
        hint="CSV: the columns “feature” and “importance”. JSON: see the how-to.",
        params={"found": found[:200]},
    )
