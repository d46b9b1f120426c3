"""NannyML's results as records: each chunk a point, each value under its column's name. Pure.

`results.to_df(multilevel=False).to_json(orient="records", date_format="iso")` writes them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

MOST_RECORDS = 1_000
MOST_VALUE = 1e300


@dataclass(frozen=True)
class Chunked:
    """A value under the name of its column, at the end of its chunk."""

    name: str
    at: dt.datetime
    value: float


def read(document: Any) -> list[Chunked]:  # Any: JSON
    """The values of the analysed chunks; those of the reference are left out. Raises ValueError."""
    if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
        raise ValueError("these are no results of NannyML as records: a list of chunks")
    if len(document) > MOST_RECORDS:
        raise ValueError(f"there are more than {MOST_RECORDS} chunks")
    found: list[Chunked] = []
    for number, one in enumerate(document):
        if one.get("chunk_period") == "reference":
            continue
        at = _moment(one.get("chunk_end_date"), number)
        found += [
            Chunked(name.removesuffix("_value"), at, float(value))
            for name, value in one.items()
            if name.endswith("_value") and _is_number(value)
        ]
    return found


def _moment(told: Any, number: int) -> dt.datetime:  # Any: JSON
    try:
        if isinstance(told, int | float):  # pandas writes milliseconds where nothing else is asked
            return dt.datetime.fromtimestamp(told / 1_000, dt.UTC)
        at = dt.datetime.fromisoformat(str(told))
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"chunk {number} has no end date: chunk by time, not by size") from error
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < MOST_VALUE  # type: ignore[arg-type]  # a number, no NaN
