"""The audit trail for people: entries about what they may see, in words."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from governance.suspensions.models import Acknowledgement, DrillReport, Order
from governance.suspensions.queries import visible_to as visible_orders
from governance.trail.queries.hanging import paths_to
from registry.catalogue.models import AIModel
from registry.catalogue.queries import may_be_seen
from registry.core.jobs.models import Job
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import parts_of
from registry.core.people.models import User
from registry.core.people.queries import require_everywhere
from registry.core.people.rules import Capability
from registry.evidence.models import Document
from registry.usecases.models import ModelUse


@dataclass(frozen=True)
class Line:
    """An entry as people read it: what changed from the version before."""

    entry: Entry
    actor_name: str
    changes: tuple[tuple[str, Any, Any], ...]  # Any: JSON
    facts: dict[str, Any]  # Any: JSON
    state: dict[str, Any]  # Any: JSON


def visible_to(user: User) -> models.QuerySet[Entry]:
    """The ledger, for those whose office it is in the whole institution. Raises Forbidden.

    Entries about confidential models that the person may not know of are left out; a verification
    needs them all, and tells of none. Whoever reads for a branch reads each model's own history.
    """
    require_everywhere(user, Capability.READ_TRAIL)
    hidden = _hidden_subjects(user)
    entries = Entry.objects.order_by("-seq")
    return entries.exclude(subject_id__in=hidden) if hidden else entries


def hidden_from(user: User) -> models.QuerySet[Entry]:
    """The entries that the person's trail leaves out: only how many there are may be told."""
    require_everywhere(user, Capability.READ_TRAIL)
    return Entry.objects.filter(subject_id__in=_hidden_subjects(user))


def _hidden_subjects(user: User) -> list[uuid.UUID]:
    """Everything that belongs to a confidential model of which the person may not know."""
    models_ = AIModel.objects.filter(is_confidential=True).exclude(may_be_seen(user))
    hidden = list(models_.values_list("pk", flat=True))
    if not hidden:
        return []
    cards = ModelUse.objects.filter(model__in=hidden).values_list("use_case", flat=True)
    found = [*hidden, *cards]
    for model, path in paths_to(AIModel).items():
        if model is AIModel:
            continue
        rows = model._base_manager.filter(**{f"{path}__in": hidden})
        found += rows.values_list("pk", flat=True)
    documents = Document.objects.filter(subject_id__in=found).values_list("pk", flat=True)
    orders = Order.objects.filter(target_id__in=found).values_list("pk", flat=True)
    named = Order.objects.filter(target_id=None).exclude(pk__in=visible_orders(user))
    hidden_orders = [*orders, *named.values_list("pk", flat=True)]
    for model in (Acknowledgement, DrillReport):
        rows = model._base_manager.filter(order__in=hidden_orders)
        hidden_orders += rows.values_list("pk", flat=True)
    return [*found, *documents, *hidden_orders]


def export_of(job: Job) -> Path | None:
    """The file that the job has written; None where there is none."""
    result: dict[str, Any] = job.result or {}  # Any: JSON
    path = Path(settings.DATA_DIR) / "exports" / Path(result.get("file", "-")).name
    return path if job.kind == "ledger.export" and path.is_file() else None


def digest_of_export(job: Job) -> str:
    """The file's SHA-256, to compare with what was downloaded."""
    path = export_of(job)
    if path is None:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def about(subject_ids: list[uuid.UUID], limit: int = 100) -> list[Line]:
    """The last entries about these things, newest first, with what changed."""
    entries = list(Entry.objects.filter(subject_id__in=subject_ids).order_by("-seq")[:limit])
    return in_words(entries)


def in_words(entries: list[Entry]) -> list[Line]:
    """The entries with names and differences; three statements, however many."""
    names = dict(
        User.objects.filter(pk__in={entry.actor for entry in entries}).values_list("pk", "name")
    )
    before = _before(entries)
    lines = []
    for entry in entries:
        state, facts = parts_of(entry.body)
        was = before.get((entry.subject_id, entry.row_version - 1), {})
        lines.append(
            Line(
                entry=entry,
                actor_name=names.get(entry.actor, "Mingce"),
                changes=_changes(was, state) if was else (),
                facts=facts,
                state=state,
            )
        )
    return lines


def _before(entries: list[Entry]) -> dict[tuple[uuid.UUID, int], dict[str, Any]]:  # Any: JSON
    wanted = {
        (entry.subject_id, entry.row_version - 1) for entry in entries if entry.row_version > 1
    }
    rows = Entry.objects.filter(
        subject_id__in={subject for subject, _version in wanted},
        row_version__in={version for _subject, version in wanted},
    ).values_list("subject_id", "row_version", "body")
    return {
        (subject, version): parts_of(body)[0]
        for subject, version, body in rows
        if (subject, version) in wanted
    }


def _changes(
    was: dict[str, Any], now: dict[str, Any]
) -> tuple[tuple[str, Any, Any], ...]:  # Any: JSON
    return tuple(
        (name, was.get(name), value) for name, value in now.items() if was.get(name) != value
    )
