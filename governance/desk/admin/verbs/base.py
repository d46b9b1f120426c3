"""A verb: a button, its form, the one service that it calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from governance.desk.admin.fields import DeskForm
from governance.suspensions import services as suspensions
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.evidence import services as evidence

Find = Callable[[User], QuerySet[Any]]
Perform = Callable[[User, Any, dict[str, Any]], object]


@dataclass(frozen=True)
class Verb:
    """A button: who has it, what it is about, what it asks, what it does, where it leads back."""

    title: Any
    capability: Capability
    find: Find
    form: type[DeskForm]
    perform: Perform
    back: Callable[[Any], str]
    is_danger: bool = False
    explanation: Any = ""
    done: Callable[[Any], str] | None = None  # what has come of it, in words
    went_well: Callable[[Any], bool] | None = None  # whether what has come of it is good news
    forward: Callable[[Any], str] | None = None  # where what was made leads, if not back


def hand_in(user: User, subject: Any, data: dict[str, Any]) -> object:
    """A document about the subject is handed in."""
    return evidence.hand_in(
        actor=user,
        subject=subject,
        kind=data["kind"],
        title=data["title"],
        file_name=data["file"].name,
        content=data["file"],
        statement=data["statement"],
    )


def ordering(kind: str, target_type: str) -> Perform:
    """Stops or restricts the subject."""
    return lambda user, subject, data: suspensions.order(
        actor=user, kind=kind, target_type=target_type, target_id=subject.pk, **data
    )
