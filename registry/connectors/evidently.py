"""Evidently's report in JSON: its own name of each value, the column, the value. Pure.

Both shapes are read: `Report.as_dict()` up to 0.6 and `Snapshot.json()` from 0.7 on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MOST_VALUES = 1_000
MOST_VALUE = 1e300
_CALL = re.compile(r"^(?P<name>\w+)\((?P<inside>.*)\)$", re.DOTALL)
_COLUMN = re.compile(r"(?:^|,)\s*column=(?P<column>[^,]*)")


@dataclass(frozen=True)
class Named:
    """A value under the name that the tool gives it; column: what it is about, or empty."""

    name: str
    column: str
    value: float


def read(document: Any) -> list[Named]:  # Any: JSON
    """The values of a report. Raises ValueError where it is none of Evidently's."""
    metrics = document.get("metrics") if isinstance(document, dict) else None
    if not isinstance(metrics, list):
        raise ValueError("this is no report of Evidently in JSON: it has no list of metrics")
    found: list[Named] = []
    for one in metrics:
        if isinstance(one, dict):
            found += _older(one) if "metric" in one else _newer(one)
    if len(found) > MOST_VALUES:
        raise ValueError(f"the report has more than {MOST_VALUES} values")
    return found


def _newer(one: dict[str, Any]) -> list[Named]:  # Any: JSON
    told = str(one.get("metric_name") or one.get("metric_id") or "")
    match = _CALL.match(told)
    config = one.get("config") if isinstance(one.get("config"), dict) else {}
    name = match["name"] if match else told
    column = str((config or {}).get("column") or "")
    if not column and match and (inside := _COLUMN.search(match["inside"])):
        column = inside["column"].strip()
    return _flat(name, column, one.get("value"))


def _older(one: dict[str, Any]) -> list[Named]:  # Any: JSON
    name, result = str(one["metric"]), one.get("result")
    if not isinstance(result, dict):
        return []
    found = _flat(name, str(result.get("column_name") or ""), _plain(result))
    columns = result.get("drift_by_columns")
    for column, told in (columns if isinstance(columns, dict) else {}).items():
        found += _flat(name, str(column), _plain(told))
    current = result.get("current")
    return found + _flat(name, "", _plain(current) if isinstance(current, dict) else None)


def _plain(told: Any) -> dict[str, Any]:  # Any: JSON
    """What of a result is a figure, and no distribution."""
    rows = told.items() if isinstance(told, dict) else ()
    return {key: value for key, value in rows if _is_number(value)}


def _flat(name: str, column: str, value: Any) -> list[Named]:  # Any: JSON
    if _is_number(value):
        return [Named(name, column, float(value))]
    rows = value.items() if isinstance(value, dict) else ()
    return [Named(f"{name}.{key}", column, float(one)) for key, one in rows if _is_number(one)]


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < MOST_VALUE  # type: ignore[arg-type]  # a number, no NaN
