"""Queries that Django compiles once for each reader: then only their values change.

What a reader may see is told once, by the ORM (`visible_to`); compiling it costs several times what
the database needs to answer. Nothing of an answer is kept, only the text of the question.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models

from registry.core.people.models import User
from registry.core.people.queries import standing

Row = dict[str, Any]  # Any: JSON
MOST = 256  # texts that are kept of each question
NUMBER = 2_147_482_999  # stands for a number that each call tells; no version has it


@dataclass(frozen=True)
class Reader:
    """Whoever reads, as far as what they may see depends on it."""

    key: object
    paths: tuple[str, ...]
    user: User = field(compare=False)

    @classmethod
    def of(cls, user: User) -> Reader:
        """The reader that the user is today."""
        return cls(user.pk, standing(user).paths, user)


@dataclass(frozen=True)
class Text:
    """A compiled question. places: which parameter each named value fills."""

    sql: str
    params: tuple[Any, ...]  # Any: whatever the driver takes
    columns: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]
    documents: frozenset[str]  # columns of JSON, which the driver leaves as text


def text_of(
    rows: models.QuerySet[Any],
    columns: Mapping[str, Any],  # Any: expressions
    marks: Mapping[str, object],
    documents: frozenset[str],
) -> Text | None:
    """The question as SQL; None where there can be no answer."""
    try:
        sql, params = rows.values_list(*columns.values()).query.sql_with_params()
    except EmptyResultSet:
        return None
    places = {
        name: tuple(index for index, value in enumerate(params) if value == mark)
        for name, mark in marks.items()
    }
    return Text(sql, tuple(params), tuple(columns), places, documents)


def ask(text: Text | None, **values: object) -> list[Row]:
    """The rows that answer it."""
    if text is None:
        return []
    params = list(text.params)
    for name, value in values.items():
        for place in text.places[name]:
            params[place] = value
    with connection.cursor() as cursor:
        cursor.execute(text.sql, params)
        found = [dict(zip(text.columns, row, strict=True)) for row in cursor.fetchall()]
    for row in found:
        for name in text.documents:
            row[name] = _document(row[name])
    return found


def _document(value: Any) -> Any:  # Any: JSON, as text or as a list of texts
    if isinstance(value, list):
        return [_document(one) for one in value]
    return json.loads(value) if isinstance(value, str) else value


Build = Callable[..., Text | None]


def prepared(build: Build) -> Build:
    """Keeps the texts that the function has compiled, by reader and whatever else it takes."""
    return lru_cache(maxsize=MOST)(build)
