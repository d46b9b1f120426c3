"""Which training runs belong to which versions: asked when it is read, never stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.fields.json import KT

from registry.catalogue.models import AIModel, ModelVersion, NeedToKnow
from registry.catalogue.queries import visible_version_ids, visible_versions
from registry.core.people.models import User
from registry.core.people.rules import above
from registry.lineage.models import TrainingEvent
from registry.lineage.rules import DatasetRead


@dataclass(frozen=True)
class Names:
    """By what else a version is known: MLflow's runs, and names with their numbers."""

    runs: tuple[str, ...] = ()
    numbered: tuple[tuple[str, str], ...] = ()


Known = Callable[[ModelVersion], Names]
Links = Callable[[], list[models.QuerySet[Any]]]  # Any: rows of a higher floor with a `version`
_known: list[Known] = []
_links: list[Links] = []
MOST = 100  # events of one version


def declare_names(known: Known, links: Links) -> None:
    """A higher floor knows versions by other names.

    links: querysets about one event (OuterRef: `mlflow_run`, `model_name`, `model_version`) whose
    rows have the `version` that the event is about.
    """
    _known.append(known)
    _links.append(links)


def visible_to(user: User) -> models.QuerySet[TrainingEvent]:
    """The events about versions that the person may see, and those that they reported themselves.

    Each way to a version goes over an index of its own.
    """
    versions = visible_versions(user)
    code, label = OuterRef("model_name"), OuterRef("model_version")
    run = versions.alias(run=KT("manifest__run")).filter(run=OuterRef("mlflow_run"))
    found = (
        Q(reported_by=user)
        | Q(Exists(versions.filter(digest=OuterRef("model_digest"))))
        | Q(Exists(versions.filter(model__code=code, label=label)))
        | Q(~Q(mlflow_run="") & Exists(run))
    )
    for links in _links:
        for rows in links():
            found |= Q(Exists(rows.filter(version__in=visible_version_ids(user))))
    return TrainingEvent.objects.filter(found)


def of_version(version: ModelVersion) -> list[TrainingEvent]:
    """The events of the version's training, the newest first, by those who may register it; what
    several of them tell alike, once.

    version: with its model and entity. Two statements for each floor that knows other names.
    """
    names = [known(version) for known in _known]
    runs = {run for one in names for run in one.runs if run}
    if isinstance(version.manifest.get("run"), str):
        runs.add(version.manifest["run"])
    about = Q(model_digest=version.digest)
    about |= Q(model_name=version.model.code, model_version=version.label)
    about |= Q(mlflow_run__in=runs - {""})
    for name, number in {pair for one in names for pair in one.numbered}:
        about |= Q(model_name=name, model_version=number)
    told = _by_those_who_may(version.model)
    rows = told.filter(run_id__in=told.filter(about).values("run_id"))
    alike = ("event_at", "run_id", "event_type", "sha256")
    each = rows.order_by("-event_at", *alike[1:], "reported_at", "pk").distinct(*alike)
    return list(each.select_related("reported_by")[:MOST])


def _by_those_who_may(model: AIModel) -> models.QuerySet[TrainingEvent]:
    """The events of those who register versions of the model: of a confidential one the initiated.

    What others tell is kept, and counts for nothing here, nor does it crowd out what counts.
    """
    rows = TrainingEvent.objects.filter(reach__overlap=above(model.entity.path)).order_by()
    if not model.is_confidential:
        return rows
    initiated = NeedToKnow.objects.filter(model=model, is_open=True).values("user")
    return rows.filter(Q(reported_by=model.owner_id) | Q(reported_by__in=initiated))


def inputs_of(events: list[TrainingEvent]) -> list[DatasetRead]:
    """The data sets that the runs read, each once, in the order in which they were told."""
    found: dict[DatasetRead, None] = {}
    for event in reversed(events):
        for one in event.inputs:
            found[DatasetRead(**one)] = None
    return list(found)
