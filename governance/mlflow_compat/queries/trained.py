"""By which names of MLflow a version of the inventory is known: for the lineage of its training."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import CharField, OuterRef
from django.db.models.functions import Cast

from governance.mlflow_compat.models import RegisteredVersion
from registry.catalogue.models import ModelVersion
from registry.lineage.queries import Names


def names_of(version: ModelVersion) -> Names:
    """The runs that made it, and the names and numbers under which it is registered."""
    rows = RegisteredVersion.objects.filter(version=version).order_by()
    told = list(rows.values_list("run_id", "registered__name", "number"))
    return Names(
        tuple(run for run, _name, _number in told if run),
        tuple((name, str(number)) for _run, name, number in told),
    )


def links() -> list[models.QuerySet[Any]]:  # Any: of versions of experiments
    """Versions of experiments that an event is about: by its run, by its name and number."""
    rows = RegisteredVersion.objects.filter(version__isnull=False)
    numbered = rows.alias(told=Cast("number", CharField()))
    return [
        rows.exclude(run_id="").filter(run_id=OuterRef("mlflow_run")),
        numbered.filter(registered__name=OuterRef("model_name"), told=OuterRef("model_version")),
    ]
