"""Telling people. Each is told once per cause, however often the cause is looked at."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Coalesce

from registry.core import clock
from registry.core.notices.models import Notice
from registry.core.people.models import User


@dataclass(frozen=True)
class Line:
    """One line for one person's inbox; a person is told once per `once_key`."""

    user_id: uuid.UUID
    kind: str
    text_zh: str
    text_en: str
    once_key: str
    link: str = ""
    is_task: bool = False
    stays_inside: bool = False


def tell(
    *,
    user_ids: Iterable[uuid.UUID],
    kind: str,
    text_zh: str,
    text_en: str,
    once_key: str,
    link: str = "",
    is_task: bool = False,
    stays_inside: bool = False,
) -> None:
    """Each person has the notice in the inbox, once per `once_key`.

    is_task: it lasts until it is settled; stays_inside: no channel outside the house carries it.
    """
    tell_many(
        Line(user_id, kind, text_zh, text_en, once_key, link, is_task, stays_inside)
        for user_id in sorted(set(user_ids))
    )


def tell_many(lines: Iterable[Line]) -> None:
    """Each line lies in its person's inbox, once per `once_key`; one statement for all."""
    Notice.objects.bulk_create(
        [Notice(sent_at=clock.now(), **vars(line)) for line in lines], ignore_conflicts=True
    )


def settle(
    *, once_key: str, user_ids: Iterable[uuid.UUID] | None = None, and_below: bool = False
) -> None:
    """What the notices were about is done: settled and read, of these people or of everybody.

    and_below: also the keys that begin with this one and a colon.
    """
    below = Q(once_key__startswith=f"{once_key}:") if and_below else Q(pk__in=[])
    rows = Notice.objects.filter(Q(once_key=once_key) | below, settled_at__isnull=True)
    if user_ids is not None:
        rows = rows.filter(user__in=list(user_ids))
    rows.update(settled_at=clock.now(), read_at=Coalesce("read_at", clock.now()))


def read(*, actor: User, notice_id: uuid.UUID) -> None:
    """The notice is marked as read by its own person."""
    Notice.objects.filter(pk=notice_id, user=actor, read_at__isnull=True).update(
        read_at=clock.now()
    )
