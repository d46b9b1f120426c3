"""Names and versions as MLflow's protocol tells them: one statement for each answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import BooleanField, F, Func, OuterRef, Value
from django.db.models.functions import Cast, JSONObject

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredAlias, RegisteredVersion
from governance.mlflow_compat.queries import paging
from governance.mlflow_compat.rules import naming, searching
from governance.mlflow_compat.rules.searching import Clause, Grammar
from registry.core.errors import NotFound
from registry.core.people.models import User

Row = dict[str, Any]  # Any: JSON, as the protocol tells it


class _Milliseconds(Func):
    """Milliseconds since 1970."""

    template = "(extract(epoch from %(expressions)s) * 1000)::bigint"
    output_field = models.BigIntegerField()


def _version_columns() -> dict[str, Any]:  # Any: expressions
    aliases = RegisteredAlias.objects.filter(version=OuterRef("pk")).order_by("alias")
    return {
        "name": F("registered__name"),
        "version": Cast("number", models.TextField()),
        "creation_timestamp": _Milliseconds("registered_at"),
        "last_updated_timestamp": _Milliseconds("touched_at"),
        "user_id": F("registered_by__username"),
        "current_stage": F("stage"),
        "description": F("description"),
        "source": F("source"),
        "run_id": F("run_id"),
        "run_link": F("run_link"),
        "model_id": F("logged_model"),
        "tags": F("tags"),
        "aliases": ArraySubquery(aliases.values("alias")),
    }


def _model_columns() -> dict[str, Any]:  # Any: expressions
    latest = (
        RegisteredVersion.objects.filter(registered=OuterRef("pk"), is_deleted=False)
        .order_by("stage", "-number")
        .distinct("stage")
    )
    aliases = RegisteredAlias.objects.filter(
        registered=OuterRef("pk"), version__isnull=False
    ).order_by("alias")
    one_alias = JSONObject(alias="alias", version=Cast("version__number", models.TextField()))
    return {
        "name": F("name"),
        "creation_timestamp": _Milliseconds("registered_at"),
        "last_updated_timestamp": _Milliseconds("touched_at"),
        "user_id": F("registered_by__username"),
        "description": F("description"),
        "tags": F("tags"),
        "latest_versions": ArraySubquery(latest.values(told=JSONObject(**_version_columns()))),
        "aliases": ArraySubquery(aliases.values(told=one_alias)),
    }


_KEY = "key_"
_RENAMED = "told_"  # a column may not be called as a field of the table


def _named(columns: dict[str, Any]) -> dict[str, Any]:  # Any: expressions
    return {f"{_RENAMED}{name}": expression for name, expression in columns.items()}


def _told(rows: models.QuerySet[Any], columns: dict[str, Any]) -> list[Row]:
    return [_cut(row) for row in rows.values(**_named(columns))]


def _cut(row: Row) -> Row:
    cut = len(_RENAMED)
    return _plain({name[cut:]: row[name] for name in row if name.startswith(_RENAMED)})


def _plain(row: Row) -> Row:
    """Without what is empty, as proto2 tells it; tags as a list."""
    row["tags"] = [{"key": key, "value": value} for key, value in row["tags"].items()]
    if "latest_versions" in row:
        row["latest_versions"] = [_plain(one) for one in row["latest_versions"]]
    else:
        row["status"] = "READY"
    kept = {"description", "run_link"} if "version" in row else set()
    return {name: value for name, value in row.items() if value or name in kept}


def model(user: User, name: str) -> Row:
    """The registered name. Raises NotFound."""
    found = _told(queries.visible_to(user).filter(name=name), _model_columns())
    if not found:
        raise unknown_name(name)
    return found[0]


def version(user: User, name: str, number: int) -> Row:
    """The version. Raises NotFound."""
    rows = queries.visible_versions(user).filter(registered__name=name, number=number)
    found = _told(rows, _version_columns())
    if not found:
        raise unknown_version(name, number)
    return found[0]


def by_alias(user: User, name: str, alias: str) -> Row:
    """The version to which the alias points; `latest`: the highest one. Raises DomainError."""
    rows = queries.visible_versions(user).filter(registered__name=name)
    if alias.lower() == "latest":
        rows = rows.order_by("-number")[:1]
    else:
        rows = rows.filter(aliases__alias=alias)
    found = _told(rows, _version_columns())
    if not found:
        _check_name(user, name)
        raise naming.invalid("Registered model alias %(alias)s not found.", "alias", alias=alias)
    return found[0]


def latest(user: User, name: str, stages: Sequence[str]) -> list[Row]:
    """The highest version of each stage, of all of them where none is named. Raises NotFound."""
    _check_name(user, name)
    rows = queries.visible_versions(user).filter(registered__name=name)
    if stages:
        rows = rows.filter(stage__in=stages)
    return _told(rows.order_by("stage", "-number").distinct("stage"), _version_columns())


def _check_name(user: User, name: str) -> None:
    if not queries.visible_to(user).filter(name=name).exists():
        raise unknown_name(name)


def unknown_name(name: str) -> NotFound:
    """There is no such name, or the caller may not know of it."""
    return NotFound(
        "resource_does_not_exist", "Registered Model with name=%(name)s not found", field="name",
        params={"name": name},
    )  # fmt: skip


def unknown_version(name: str, number: int) -> NotFound:
    """There is no such version, or the caller may not know of it."""
    return NotFound(
        "resource_does_not_exist",
        "Model Version (name=%(name)s, version=%(number)s) not found",
        field="version",
        params={"name": name, "number": number},
    )


def search_models(
    user: User, text: str, asked: tuple[str, ...], most: int, token: str
) -> tuple[list[Row], str]:
    """A page of the registered names that fit, and the token of the next one."""
    found = searching.clauses(text, searching.MODELS)
    rows = _matching(queries.visible_to(user), found, _MODEL_PATHS)
    return _page(rows, _MODEL_PATHS, searching.MODELS, asked, most, token, _model_columns())


def search_versions(
    user: User, text: str, asked: tuple[str, ...], most: int, token: str
) -> tuple[list[Row], str]:
    """A page of the versions that fit, and the token of the next one."""
    found = searching.clauses(text, searching.VERSIONS)
    rows = _matching(queries.visible_versions(user), found, _VERSION_PATHS)
    return _page(rows, _VERSION_PATHS, searching.VERSIONS, asked, most, token, _version_columns())


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
    """The text of one tag."""

    template = "%(expressions)s"
    arg_joiner = " ->> "
    output_field = models.TextField()

    def __init__(self, key: str) -> None:
        super().__init__(F("tags"), Value(key))


def _page(
    rows: models.QuerySet[Any],
    paths: dict[str, str],
    grammar: Grammar,
    asked: tuple[str, ...],
    most: int,
    token: str,
    columns: dict[str, Any],
) -> tuple[list[Row], str]:
    order = tuple((paths[name], falls) for name, falls in searching.order(asked, grammar))
    if token:
        rows = rows.filter(paging.behind(order, paging.values_in(token, order)))
    if most == 0:
        return [], token or paging.token([])
    ordered = rows.order_by(*(f"{'-' if falls else ''}{path}" for path, falls in order))
    keys = {f"{_KEY}{place}": F(path) for place, (path, _falls) in enumerate(order)}
    found = list(ordered.values(**_named(columns), **keys)[: most + 1])
    page = found[:most]
    more = paging.token([page[-1][key] for key in keys]) if len(found) > most else ""
    return [_cut(row) for row in page], more
