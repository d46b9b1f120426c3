"""What MLflow's protocol tells of names and versions, as columns of one statement."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import F, Func, OuterRef
from django.db.models.functions import Cast, JSONObject

from governance.mlflow_compat.models import RegisteredAlias, RegisteredModel, RegisteredVersion

Row = dict[str, Any]  # Any: JSON, as the protocol tells it
OF_VERSION = frozenset({"tags"})  # the columns that are JSON
OF_MODEL = frozenset({"tags", "latest_versions", "aliases"})


class _Milliseconds(Func):
    """Milliseconds since 1970, rounded."""

    template = "(extract(epoch from %(expressions)s) * 1000)::bigint"
    output_field = models.BigIntegerField()


def version_columns() -> dict[str, Any]:  # Any: expressions
    """A version, column by column, under the names of the protocol."""
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


def model_columns() -> dict[str, Any]:  # Any: expressions
    """A registered name with its newest versions and its aliases."""
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
        "latest_versions": ArraySubquery(latest.values(told=JSONObject(**version_columns()))),
        "aliases": ArraySubquery(aliases.values(told=one_alias)),
    }


def plain(row: Row) -> Row:
    """Without what is empty, as proto2 tells it; tags as a list."""
    row["tags"] = [{"key": key, "value": value} for key, value in row["tags"].items()]
    if "latest_versions" in row:
        row["latest_versions"] = [plain(one) for one in row["latest_versions"]]
    else:
        row["status"] = "READY"
    kept = {"description", "run_link"} if "version" in row else set()
    return {name: value for name, value in row.items() if value or name in kept}


def new_model(row: RegisteredModel) -> Row:
    """A name that has just come to be: as a reading would tell it."""
    return plain(
        {
            "name": row.name,
            "creation_timestamp": _milliseconds(row.registered_at),
            "last_updated_timestamp": _milliseconds(row.touched_at),
            "user_id": row.registered_by.username,
            "description": row.description,
            "tags": row.tags,
            "latest_versions": [],
            "aliases": [],
        }
    )


def new_version(row: RegisteredVersion) -> Row:
    """A version that has just come to be: as a reading would tell it."""
    return plain(
        {
            "name": row.registered.name,
            "version": str(row.number),
            "creation_timestamp": _milliseconds(row.registered_at),
            "last_updated_timestamp": _milliseconds(row.touched_at),
            "user_id": row.registered_by.username,
            "current_stage": row.stage,
            "description": row.description,
            "source": row.source,
            "run_id": row.run_id,
            "run_link": row.run_link,
            "model_id": row.logged_model,
            "tags": row.tags,
            "aliases": [],
        }
    )


def _milliseconds(moment: dt.datetime) -> int:
    """As the database counts them: rounded."""
    return round(moment.timestamp() * 1_000)
