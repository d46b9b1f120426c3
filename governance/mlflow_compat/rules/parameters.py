"""Reading the parameters of a call as MLflow's protocol spells them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.mlflow_compat.rules.naming import invalid

_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def spelled(body: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON
    """Every key in snake case; what is null counts as not told. Raises DomainError for a field
    that is told in both spellings.
    """
    found: dict[str, Any] = {}  # Any: JSON
    for key, value in body.items():
        plain = _HUMP.sub(lambda match: f"_{match.group(1).lower()}", key)
        if plain in found:
            raise invalid("The field '%(name)s' is told twice.", plain, name=plain)
        found[plain] = value
    return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True)
class Parameters:
    """The parameters of one call, read one by one. Every reader raises DomainError."""

    told: Mapping[str, Any]  # Any: JSON

    def text(self, name: str) -> str:
        """A text that has to be told."""
        value = self.optional(name)
        if value is None or value == "":
            raise invalid(
                "The required parameter '%(name)s' is missing: it must be told and not be empty.",
                name, name=name,
            )  # fmt: skip
        return value

    def optional(self, name: str) -> str | None:
        """A text; None where it is not told."""
        value = self.told.get(name)
        if value is None or isinstance(value, str):
            return value
        if name == "version" and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise _wrong(name, "a string")

    def flag(self, name: str) -> bool:
        """True or false; false where it is not told."""
        value = self.told.get(name, False)
        if value in ("true", "false"):
            return bool(value == "true")
        if not isinstance(value, bool):
            raise _wrong(name, "true or false")
        return value

    def count(self, name: str, usual: int, most: int) -> int:
        """A number of rows from 0 to `most`."""
        value = self.told.get(name, usual)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(name, "an integer")
        if not 0 <= value <= most:
            raise invalid("'%(name)s' is %(value)s; it is at least 0 and at most %(most)s.", name,
                          name=name, value=value, most=most)  # fmt: skip
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; a single one counts as a list of one."""
        value = self.told.get(name, ())
        every = [value] if isinstance(value, str) else value
        if not isinstance(every, list | tuple) or not all(isinstance(one, str) for one in every):
            raise _wrong(name, "a list of strings")
        return tuple(every)

    def tags(self) -> dict[str, str]:
        """`tags`: a list of keys with values; of a key that is told twice the last value counts."""
        found: dict[str, str] = {}
        value = self.told.get("tags", [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise _wrong("tags", "a list of objects with key and value")
        for one in value:
            inner = Parameters(one)
            found[inner.text("key")] = inner.optional("value") or ""
        return found


def _wrong(name: str, wanted: str) -> Exception:
    return invalid("The parameter '%(name)s' must be %(wanted)s.", name, name=name, wanted=wanted)
