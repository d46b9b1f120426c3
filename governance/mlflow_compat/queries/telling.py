"""Names and versions as MLflow's protocol tells them: one statement for each answer."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredModel
from governance.mlflow_compat.queries.columns import (
    OF_MODEL,
    OF_VERSION,
    Row,
    model_columns,
    plain,
    version_columns,
)
from governance.mlflow_compat.queries.prepared import NUMBER, Reader, Text, ask, prepared, text_of
from governance.mlflow_compat.rules import naming
from registry.core.errors import NotFound
from registry.core.people.models import LegalEntity, User

_NAME, _ALIAS = "mark of a name: 5e3f0c1e", "mark of an alias: 5e3f0c1e"


@prepared
def _model(reader: Reader) -> Text | None:
    rows = queries.visible_to(reader.user).filter(name=_NAME)
    return text_of(rows, model_columns(), {"name": _NAME}, OF_MODEL)


@prepared
def _version(reader: Reader) -> Text | None:
    rows = queries.visible_versions(reader.user).filter(registered__name=_NAME, number=NUMBER)
    return text_of(rows, version_columns(), {"name": _NAME, "number": NUMBER}, OF_VERSION)


@prepared
def _by_alias(reader: Reader) -> Text | None:
    rows = queries.visible_versions(reader.user).filter(registered__name=_NAME)
    rows = rows.filter(aliases__alias=_ALIAS)
    return text_of(rows, version_columns(), {"name": _NAME, "alias": _ALIAS}, OF_VERSION)


@prepared
def _highest(reader: Reader) -> Text | None:
    rows = queries.visible_versions(reader.user).filter(registered__name=_NAME)
    return text_of(rows.order_by("-number")[:1], version_columns(), {"name": _NAME}, OF_VERSION)


@prepared
def _latest(reader: Reader) -> Text | None:
    rows = queries.visible_versions(reader.user).filter(registered__name=_NAME)
    one_each = rows.order_by("stage", "-number").distinct("stage")
    return text_of(one_each, version_columns(), {"name": _NAME}, OF_VERSION)


@prepared
def _locked(reader: Reader) -> Text | None:
    rows = queries.visible_to(reader.user).filter(name=_NAME).order_by()
    rows = rows.select_for_update(of=("self",), no_key=True)
    columns = {one.attname: one.attname for one in RegisteredModel._meta.concrete_fields}
    columns["path"] = "entity__path"
    return text_of(rows, columns, {"name": _NAME}, frozenset({"tags"}))


def locked(user: User, name: str) -> RegisteredModel:
    """The registered name, locked until the transaction ends; its key is not. Raises NotFound."""
    if not connection.in_atomic_block:
        raise RuntimeError("Lock inside an act.")
    found = ask(_locked(Reader.of(user)), name=name)
    if not found:
        raise unknown_name(name)
    path = found[0].pop("path")
    row: RegisteredModel = RegisteredModel.from_db("default", *zip(*found[0].items(), strict=True))
    row.entity = LegalEntity.from_db("default", ("id", "path"), (row.entity_id, path))
    return row


@prepared
def _files(reader: Reader) -> Text | None:
    rows = queries.visible_versions(reader.user).filter(registered__name=_NAME, number=NUMBER)
    columns = {
        "registered": F("registered_id"),
        "location": F("location"),
        "version": F("version_id"),
        "model": F("version__model_id"),
        "last_day": F("registered__loading__last_day"),
    }
    return text_of(rows, columns, {"name": _NAME, "number": NUMBER}, frozenset())


@dataclass(frozen=True)
class Files:
    """Where a version's files are, what it is in the inventory, and when somebody last asked."""

    registered: uuid.UUID
    location: str
    version: uuid.UUID | None
    model: uuid.UUID | None
    last_day: dt.date | None


def files(user: User, name: str, number: int) -> Files:
    """Where the version's files are. Raises NotFound."""
    found = ask(_files(Reader.of(user)), name=name, number=number)
    if not found:
        raise unknown_version(name, number)
    return Files(**found[0])


def model(user: User, name: str) -> Row:
    """The registered name. Raises NotFound."""
    found = ask(_model(Reader.of(user)), name=name)
    if not found:
        raise unknown_name(name)
    return plain(found[0])


def version(user: User, name: str, number: int) -> Row:
    """The version. Raises NotFound."""
    found = ask(_version(Reader.of(user)), name=name, number=number)
    if not found:
        raise unknown_version(name, number)
    return plain(found[0])


def by_alias(user: User, name: str, alias: str) -> Row:
    """The version to which the alias points; `latest`: the highest one. Raises DomainError."""
    if alias.lower() == "latest":
        found = ask(_highest(Reader.of(user)), name=name)
    else:
        found = ask(_by_alias(Reader.of(user)), name=name, alias=alias)
    if not found:
        _check_name(user, name)
        raise naming.invalid("Registered model alias %(alias)s not found.", "alias", alias=alias)
    return plain(found[0])


def latest(user: User, name: str, stages: Sequence[str]) -> list[Row]:
    """The highest version of each stage, of all of them where none is named. Raises NotFound."""
    found = ask(_latest(Reader.of(user)), name=name)
    if not found:
        _check_name(user, name)
    return [plain(row) for row in found if not stages or row["current_stage"] in stages]


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
