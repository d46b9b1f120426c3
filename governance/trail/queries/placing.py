"""Where things belong, and what of them may be told to whom nobody knows: outside receivers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef

from governance.committees.models import Resolution
from governance.suspensions.models import NAMED, Acknowledgement, DrillReport, Order
from governance.suspensions.queries.targets import TARGETS, naming
from governance.trail.queries.hanging import paths_to
from registry.catalogue.models import AIModel, ModelVersion
from registry.core.ledger.models import Entry
from registry.core.people.models import LegalEntity
from registry.evidence.models import Document
from registry.usecases.models import ModelUse, UseCase

Subject = tuple[str, uuid.UUID]  # a model's label and a key
# What belongs to the whole institution or to its people, and to no model.
INSTITUTIONAL = frozenset({
    "registry.user", "registry.legalentity", "registry.department", "registry.post",
    "registry.postholding", "registry.roleassignment", "registry.delegation", "registry.token",
    "registry.packrelease", "registry.system", "registry.arrangement", "registry.channel",
    "registry.source",
    "governance.competence", "governance.sample", "governance.seal", "governance.consumer",
    "governance.committee", "governance.seat", "governance.campaign", "governance.subscription",
})  # fmt: skip


# Of several models at once, or of one that is found out when it is read: confidential ones may be
# among them, and nobody outside is told.
UNTOLD = frozenset({"governance.metricreport", "registry.trainingevent"})


@dataclass(frozen=True)
class Belonging:
    """Where a thing belongs. paths: the entities concerned; none where it is the institution's.

    model, code: the model that it hangs on, if it does.
    """

    paths: frozenset[str] = frozenset()
    model: uuid.UUID | None = None
    code: str = ""

    def lies_in(self, path: str) -> bool:
        """Whether it concerns the entity with this path, or one below it."""
        is_root = path.count("/") == 1
        return is_root or any(one.startswith(path) for one in self.paths)


def tellable(subjects: Iterable[Subject]) -> dict[uuid.UUID, Belonging]:
    """Where those of the things belong that may be told of outside the house.

    What belongs to a confidential model is left out, and so is what nobody can place. A statement
    or two for each table that occurs, however many things.
    """
    every = set(subjects)
    about = _about(every)
    found: dict[uuid.UUID, Belonging] = {}
    for label, keys in sorted(_by_label(every | set(about.values())).items()):
        found |= _of_table(label, keys)
    for (_label, key), (_other, target) in about.items():
        if target in found:
            found[key] = found[target]
    # What is about something else, as a report is about an order about a model, comes last.
    for (_label, key), (_other, target) in about.items():
        if target in found:
            found[key] = found[target]
    return {key: found[key] for _label, key in every if key in found}


def _by_label(subjects: Iterable[Subject]) -> dict[str, set[uuid.UUID]]:
    wanted: dict[str, set[uuid.UUID]] = {}
    for label, key in subjects:
        wanted.setdefault(label, set()).add(key)
    return wanted


def _of_table(label: str, keys: set[uuid.UUID]) -> dict[uuid.UUID, Belonging]:
    model: Any = apps.get_model(label)  # Any: any governed model
    rows = model._base_manager.filter(pk__in=keys)
    if model is Order:
        return _named_orders(rows)
    if model is UseCase:
        secret = ModelUse.objects.filter(use_case=OuterRef("pk"), model__is_confidential=True)
        rows = rows.filter(~Exists(secret))
        return {pk: _placed(path) for pk, path in _ways(rows, model)}
    if model in paths_to(AIModel):
        return _of_models(rows, model)
    if label in INSTITUTIONAL:
        return {pk: _placed(path) for pk, path in _ways(rows, model)}
    return {}


def _placed(*paths: str | None) -> Belonging:
    return Belonging(frozenset(one for one in paths if one))


def _ways(rows: models.QuerySet[Any], model: Any) -> list[tuple[uuid.UUID, str | None]]:
    """Each row with the path of its entity; none where it has none."""
    if model not in paths_to(LegalEntity):
        return [(pk, None) for pk in rows.values_list("pk", flat=True)]
    return list(rows.values_list("pk", _to_path(model)))


def _to_path(model: Any) -> str:
    way = paths_to(LegalEntity)[model]
    return f"{way}__path" if way else "path"


def _of_models(rows: models.QuerySet[Any], model: Any) -> dict[uuid.UUID, Belonging]:
    """What hangs on a model belongs where that is owned and where it is used itself."""
    way = paths_to(AIModel)[model]
    before = f"{way}__" if way else ""
    told = rows.values_list(
        "pk", f"{before}pk", f"{before}code", f"{before}is_confidential",
        f"{before}entity__path", _to_path(model),
    )  # fmt: skip
    return {
        pk: Belonging(frozenset(filter(None, (owned, used))), key, code or "")
        for pk, key, code, is_confidential, owned, used in told
        if not is_confidential
    }


def _about(subjects: set[Subject]) -> dict[Subject, Subject]:
    """Of what is about something else, what that is: of documents, resolutions, orders."""
    wanted, found = _by_label(subjects), dict[Subject, Subject]()
    if keys := wanted.get("registry.document"):
        told = Document.objects.filter(pk__in=keys).values_list("pk", "subject_type", "subject_id")
        found |= {("registry.document", pk): (label, key) for pk, label, key in told}
    if keys := wanted.get("governance.resolution"):
        about = dict(Resolution.objects.filter(pk__in=keys).values_list("pk", "subject_id"))
        labels = dict(
            Entry.objects.filter(subject_id__in=about.values(), row_version=1).values_list(
                "subject_id", "subject_type"
            )
        )
        found |= {
            ("governance.resolution", pk): (labels[key], key)
            for pk, key in about.items()
            if key in labels
        }
    orders = set(wanted.get("governance.order", ()))
    for model in (Acknowledgement, DrillReport):
        label = model._meta.label_lower
        if keys := wanted.get(label):
            told_of = list(model._base_manager.filter(pk__in=keys).values_list("pk", "order"))
            found |= {(label, pk): ("governance.order", order) for pk, order in told_of}
            orders |= {order for _pk, order in told_of}
    rows = Order.objects.filter(pk__in=orders, target_id__isnull=False)
    for pk, kind, target in rows.values_list("pk", "target_type", "target_id"):
        label = TARGETS[kind].model._meta.label_lower
        assert target is not None  # noqa: S101 (filtered above)
        found[("governance.order", pk)] = (label, target)
    return found


def _named_orders(rows: models.QuerySet[Order]) -> dict[uuid.UUID, Belonging]:
    """Orders about a vendor or a base model that no version of a confidential model names."""
    secret = ModelVersion.objects.filter(model__is_confidential=True)
    for kind in NAMED:
        named = naming(kind, OuterRef("target_key"), secret)
        rows = rows.exclude(Exists(named), target_type=kind)
    return {pk: Belonging() for pk in rows.filter(target_id=None).values_list("pk", flat=True)}
