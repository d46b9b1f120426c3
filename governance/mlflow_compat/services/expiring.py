"""Experiments that nobody uses expire: the pool stays a pool."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.db.models import Q

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredModel
from governance.mlflow_compat.services.registering import delete_rows
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.people.models import User

MOST = 500  # names in one run; the next day goes on


def expire(*, actor: User) -> int:
    """What nobody has claimed, changed or loaded for the policy's days is gone; returns how many.

    Each in an act of its own. The name is free again; what it held stays in the ledger.
    """
    days = queries.active_section().unused_days
    since = clock.now() - dt.timedelta(days=days)
    keys = _unused(since).order_by("touched_at").values_list("pk", flat=True)[:MOST]
    return sum(_expire(actor, key, since) for key in list(keys))


def _unused(since: dt.datetime) -> models.QuerySet[RegisteredModel]:
    """The living names of no model that were neither changed nor loaded since then."""
    loaded = Q(loading__isnull=False, loading__last_day__gte=clock.local_day(since))
    rows = RegisteredModel.objects.filter(
        model__isnull=True, is_deleted=False, touched_at__lt=since
    )
    return rows.exclude(loaded)


def _expire(actor: User, key: uuid.UUID, since: dt.datetime) -> bool:
    with ledger.act(actor) as act:
        row = ledger.lock(RegisteredModel.objects.all(), key)
        if not _unused(since).filter(pk=key).exists():
            return False
        delete_rows(act, row)
        act.update(row, "experiment.expired", {"is_deleted": True})
        return True
