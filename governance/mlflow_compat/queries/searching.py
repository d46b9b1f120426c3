"""Searching names and versions: MLflow's clauses as conditions, pages by the last row's values."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import BooleanField, F, Func, Value

from governance.mlflow_compat import queries
from governance.mlflow_compat.queries import paging
from governance.mlflow_compat.queries.columns import (
    OF_MODEL,
    OF_VERSION,
    Row,
    model_columns,
    plain,
    version_columns,
)
from governance.mlflow_compat.queries.prepared import Reader, Text, ask, prepared, text_of
from governance.mlflow_compat.rules import searching
from governance.mlflow_compat.rules.searching import Clause, Grammar
from registry.core.people.models import User

_KEY = "key_"


def names(
    user: User, text: str, asked: tuple[str, ...], most: int, token: str
) -> tuple[list[Row], str]:
    """A page of the registered names that fit, and the token of the next one."""
    order = _order(asked, searching.MODELS, _MODEL_PATHS)
    behind = tuple(paging.values_in(token, order)) if token else ()
    return _page(_names(Reader.of(user), text, order, most, behind), order, most, token)


def versions(
    user: User, text: str, asked: tuple[str, ...], most: int, token: str
) -> tuple[list[Row], str]:
    """A page of the versions that fit, and the token of the next one."""
    order = _order(asked, searching.VERSIONS, _VERSION_PATHS)
    behind = tuple(paging.values_in(token, order)) if token else ()
    return _page(_versions(Reader.of(user), text, order, most, behind), order, most, token)


@prepared
def _names(
    reader: Reader, text: str, order: paging.Order, most: int, behind: tuple[Any, ...]
) -> Text | None:
    found = searching.clauses(text, searching.MODELS)
    rows = _matching(queries.visible_to(reader.user), found, _MODEL_PATHS)
    return _text(rows, order, most, behind, model_columns(), OF_MODEL)


@prepared
def _versions(
    reader: Reader, text: str, order: paging.Order, most: int, behind: tuple[Any, ...]
) -> Text | None:
    found = searching.clauses(text, searching.VERSIONS)
    rows = _matching(queries.visible_versions(reader.user), found, _VERSION_PATHS)
    return _text(rows, order, most, behind, version_columns(), OF_VERSION)


def _order(asked: tuple[str, ...], grammar: Grammar, paths: dict[str, str]) -> paging.Order:
    return tuple((paths[name], falls) for name, falls in searching.order(asked, grammar))


def _text(
    rows: models.QuerySet[Any],
    order: paging.Order,
    most: int,
    behind: tuple[Any, ...],
    columns: dict[str, Any],
    documents: frozenset[str],
) -> Text | None:
    """The page's rows and one more, with the values by which they stand in order."""
    ordered = rows.filter(paging.behind(order, behind)).order_by(
        *(f"{'-' if falls else ''}{path}" for path, falls in order)
    )
    keys = {f"{_KEY}{place}": F(path) for place, (path, _falls) in enumerate(order)}
    return text_of(ordered[: most + 1], columns | keys, {}, documents)


def _page(text: Text | None, order: paging.Order, most: int, token: str) -> tuple[list[Row], str]:
    if most == 0:
        return [], token or paging.token([])
    found = ask(text)
    page = found[:most]
    keys = [f"{_KEY}{place}" for place in range(len(order))]
    more = paging.token([page[-1][key] for key in keys]) if len(found) > most else ""
    told = [{name: row[name] for name in row if not name.startswith(_KEY)} for row in page]
    return [plain(row) for row in told], more


_MODEL_PATHS = {"name": "name", "last_updated_timestamp": "touched_at"}
_VERSION_PATHS = {
    "name": "registered__name",
    "version_number": "number",
    "run_id": "run_id",
    "source_path": "source",
    "creation_timestamp": "registered_at",
    "last_updated_timestamp": "touched_at",
}
_COMPARED = {"=": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "IN": "in"}


def _matching(
    rows: models.QuerySet[Any], found: tuple[Clause, ...], paths: dict[str, str]
) -> models.QuerySet[Any]:
    for one in found:
        rows = _with(rows, one, paths)
    if not searching.asks_for_prompts(found):
        rows = rows.exclude(tags__contains={searching.IS_PROMPT: "true"})
    return rows


def _with(rows: models.QuerySet[Any], one: Clause, paths: dict[str, str]) -> models.QuerySet[Any]:
    """The rows that meet the clause. A row without the tag meets none about it, but for prompts."""
    if one.kind == "tag":
        if one.op == "=":
            return rows.filter(tags__contains={one.key: one.value})
        if one.key == searching.IS_PROMPT and one.op == "!=":
            return rows.exclude(tags__contains={one.key: one.value})
        rows, path = rows.annotate(compared_tag=_TagText(one.key)), "compared_tag"
        if one.op == "!=":
            rows = rows.filter(tags__has_key=one.key)
    else:
        path = paths[one.key]
    if one.op in ("LIKE", "ILIKE"):
        pattern = str(one.value).replace("\\", "\\\\")
        return rows.filter(_Like(F(path), Value(pattern), arg_joiner=f" {one.op} "))
    if one.op in ("!=", "NOT IN"):
        lookup = "exact" if one.op == "!=" else "in"
        return rows.exclude(**{f"{path}__{lookup}": one.value})
    return rows.filter(**{f"{path}__{_COMPARED[one.op]}": one.value})


class _Like(Func):
    """LIKE and ILIKE, with the pattern's own `%` and `_`."""

    template = "%(expressions)s"
    output_field = BooleanField()


class _TagText(Func):
    """The text of one tag, as far as patterns look at it: its first 1,000 letters."""

    template = "left(%(expressions)s, 1000)"
    arg_joiner = " ->> "
    output_field = models.TextField()

    def __init__(self, key: str) -> None:
        super().__init__(F("tags"), Value(key))
