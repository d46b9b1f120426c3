"""Reading JSON bodies: what PostgreSQL, the ledger or a reader could not hold is refused here."""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.parsers import JSONParser

from registry.core.errors import DomainError
from registry.core.web.disguises import is_disguised

MOST_LEVELS = 32
MOST_LETTERS = 100_000


class StrictJSONParser(JSONParser):
    """JSON in UTF-8, of finite numbers and whole characters, neither too deep nor too large."""

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> Any:  # Any: JSON
        """The parsed body. Raises DomainError (`malformed`), RequestDataTooBig (413)."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read(most + 1)
        if len(content) > most:
            raise RequestDataTooBig
        try:
            told = json.loads(
                content.decode(),
                parse_constant=_no_number,
                parse_float=_finite,
                object_pairs_hook=_each_once,
            )
        except RecursionError as error:
            raise _malformed(_("The JSON is nested too deeply.")) from error
        except ValueError as error:
            raise _malformed(_("This is not JSON: %(why)s.") % {"why": error}) from error
        _check(told, "", 0)
        return told


def check_keys(content: bytes) -> None:
    """Raises DomainError (`malformed`) where a key of the JSON stands twice."""
    try:
        json.loads(content, object_pairs_hook=_each_once)
    except ValueError as error:
        raise _malformed(_("This is not JSON: %(why)s.") % {"why": error}) from error


def _malformed(message: str, field: str = "") -> DomainError:
    return DomainError("malformed", message, field=field, status=400)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: JSON
    """Of a key that stands twice one reader takes the first value and another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key “{twice[:40]}” stands twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _check(value: Any, path: str, level: int) -> None:  # Any: JSON
    """Raises for the first value that could not be stored, naming its place."""
    if level > MOST_LEVELS:
        raise _malformed(_("The JSON is nested too deeply."), path)
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key, path)
            _check(inner, f"{path}.{key[:60]}" if path else key[:60], level + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{path}[{index}]", level + 1)


def _check_text(text: str, path: str) -> None:
    if len(text) > MOST_LETTERS:
        raise _malformed(
            _("A text has at most %(most)s characters.") % {"most": MOST_LETTERS}, path
        )
    if "\x00" in text:
        raise _malformed(_("A text holds no NUL character."), path)
    if is_disguised(text):
        raise _malformed(_("A text holds no characters that hide or turn others round."), path)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _malformed(_("A text holds half a character (a lone surrogate)."), path) from error


def is_uuid(text: str) -> bool:
    """Whether the text is the key of something."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
