"""The audit trail for people: entries about what they may see, in words."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import models

from registry.core.errors import Forbidden
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability


@dataclass(frozen=True)
class Line:
    """An entry as people read it: what changed from the version before."""

    entry: Entry
    actor_name: str
    changes: tuple[tuple[str, Any, Any], ...]  # Any: JSON
    facts: dict[str, Any]  # Any: JSON
    state: dict[str, Any]  # Any: JSON


def visible_to(user: User) -> models.QuerySet[Entry]:
    """The whole ledger, for those whose office it is. Raises Forbidden for others."""
    if not standing(user).may(Capability.READ_TRAIL):
        raise Forbidden("not_permitted", "The audit trail is read by audit and the second line.")
    return Entry.objects.order_by("-seq")


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
        body = json.loads(entry.body)
        was = before.get((entry.subject_id, entry.row_version - 1), {})
        lines.append(
            Line(
                entry=entry,
                actor_name=names.get(entry.actor, "Mingce"),
                changes=_changes(was, body.get("state", {})) if was else (),
                facts=body.get("facts", {}),
                state=body.get("state", {}),
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
        (subject, version): json.loads(body).get("state", {})
        for subject, version, body in rows
        if (subject, version) in wanted
    }


def _changes(
    was: dict[str, Any], now: dict[str, Any]
) -> tuple[tuple[str, Any, Any], ...]:  # Any: JSON
    return tuple(
        (name, was.get(name), value) for name, value in now.items() if was.get(name) != value
    )
