"""Telling people. Each is told once per cause, however often the cause is looked at."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from registry.core import clock
from registry.core.notices.models import Notice
from registry.core.people.models import User


def tell(
    *,
    user_ids: Iterable[uuid.UUID],
    kind: str,
    text_zh: str,
    text_en: str,
    once_key: str,
    link: str = "",
) -> None:
    """Each person has the notice in the inbox, once per `once_key`."""
    Notice.objects.bulk_create(
        [
            Notice(
                user_id=user_id,
                kind=kind,
                text_zh=text_zh,
                text_en=text_en,
                link=link,
                once_key=once_key,
                sent_at=clock.now(),
            )
            for user_id in sorted(set(user_ids))
        ],
        ignore_conflicts=True,
    )


def settle(*, once_key: str, user_ids: Iterable[uuid.UUID] | None = None) -> None:
    """What the notices were about is done: they are read, of these people or of everybody."""
    rows = Notice.objects.filter(once_key=once_key, read_at__isnull=True)
    if user_ids is not None:
        rows = rows.filter(user__in=list(user_ids))
    rows.update(read_at=clock.now())


def read(*, actor: User, notice_id: uuid.UUID) -> None:
    """The notice is marked as read by its own person."""
    Notice.objects.filter(pk=notice_id, user=actor, read_at__isnull=True).update(
        read_at=clock.now()
    )
