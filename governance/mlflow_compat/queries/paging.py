"""Page tokens: the values of the last row, so that a walk through all pages stays cheap."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from governance.mlflow_compat.rules.naming import invalid

Order = tuple[tuple[str, bool], ...]  # paths, each with whether it falls
_TIMES = ("touched_at", "registered_at")
_NUMBERS = ("number",)


def token(values: Sequence[Any]) -> str:  # Any: texts, numbers and moments
    """The token of the page that begins behind the values; of the first page where there are none.

    It is opaque to clients.
    """
    told = [one.isoformat() if isinstance(one, dt.datetime) else one for one in values]
    return base64.b64encode(json.dumps({"after": told}).encode()).decode()


def values_in(text: str, order: Order) -> list[Any]:  # Any: texts, numbers and moments
    """What the token holds. Raises DomainError for a foreign one, or one of another order."""
    try:
        told = json.loads(base64.b64decode(text.encode("ascii"), validate=True))["after"]
        if told == []:
            return []
        return [_value(path, one) for (path, _falls), one in zip(order, told, strict=True)]
    except (
        binascii.Error, ValueError, TypeError, KeyError, RecursionError, OverflowError,
    ) as error:  # fmt: skip
        raise invalid("Invalid page token.", "page_token") from error


def _value(path: str, told: object) -> object:
    if path in _TIMES:
        moment = dt.datetime.fromisoformat(str(told))
        if moment.tzinfo is None or not 1970 < moment.year < 9_000:
            raise ValueError("A moment has its zone, and lies in our time.")
        return moment
    if not isinstance(told, int if path in _NUMBERS else str) or isinstance(told, bool):
        raise ValueError("Another kind of value.")
    if isinstance(told, str):
        told.encode()  # half a character has no place in a database
        if "\x00" in told:
            raise ValueError("No text holds this.")
    elif not 0 <= told < 2**31:
        raise ValueError("No number is so large.")
    return told


def behind(order: Order, values: Sequence[Any]) -> Q:  # Any: texts, numbers and moments
    """The rows that come after the values; every row where there are none."""
    found = Q()
    for place in range(len(values)):
        path, falls = order[place]
        here = Q(**{f"{path}__{'lt' if falls else 'gt'}": values[place]})
        for (earlier, _falls), value in zip(order[:place], values[:place], strict=True):
            here &= Q(**{earlier: value})
        found |= here
    return found
