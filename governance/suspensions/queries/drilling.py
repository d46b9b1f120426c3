"""Whether a release's stop switch is armed, and which drills have tested its fallback.

Regulations II.4.2: RI-08 (stop), RI-10 (fallback), RI-15 (drill).
"""

from __future__ import annotations

import datetime as dt
import json
import uuid

from django.db import models

from governance.suspensions.models import Consumer, Order, OrderKind
from governance.suspensions.queries.consuming import measure
from governance.suspensions.queries.listing import LIVE
from governance.suspensions.queries.reading import about_release
from registry.core.ledger.models import Entry
from registry.core.people.rules import above
from registry.releases.models import Release


def is_armed(release: Release) -> bool:
    """Whether an open consumer enforces stops where the release is used."""
    return _enforcers(release).filter(is_open=True).exists()


def drills_of(release: Release) -> models.QuerySet[Order]:
    """The stops about the release that were drills, and have ended with a countersigned report."""
    return (
        about_release(release)
        .filter(is_drill=True, kind=OrderKind.STOP, state="lifted")
        .filter(drill_report__countersigned_at__isnull=False)
        .select_related("drill_report")
        .order_by("-ordered_at", "-pk")
    )


def drill_that_tested(release: Release, since: dt.datetime | None = None) -> Order | None:
    """The last drill in which the fallback of the release was shown to work.

    It was given while the release was live; everybody who enforces it said before it was lifted,
    and within the tier's limits, that they had applied it and had fallen back, among them each who
    enforces stops where the release is used today.
    """
    here = set(_enforcers(release).filter(is_open=True).values_list("pk", flat=True))
    if not here:
        return None
    rows = drills_of(release).prefetch_related("acknowledgements", "postings")
    rows = rows.filter(ordered_at__gte=since) if since is not None else rows
    return next((one for one in rows if _was_live(release, one) and _showed(one, here)), None)


def _enforcers(release: Release) -> models.QuerySet[Consumer]:
    """The consumers, open or closed, that enforce stops where the release is used."""
    return Consumer.objects.filter(entity__path__in=above(release.model_use.entity.path))


def _showed(order: Order, here: set[uuid.UUID]) -> bool:
    """Whether everybody said in time both that it was applied and that the fallback held."""
    measured = measure(order)
    answers = measured.answers
    said = [row for one in answers for row in (one.applied, one.fallback)]
    ended = order.lifted_at
    return (
        here <= {one.consumer.pk for one in answers}
        and False not in (measured.effective.in_time, measured.fallback.in_time)
        and ended is not None
        and all(row is not None and row.received_at <= ended for row in said)
    )


def _was_live(release: Release, order: Order) -> bool:
    """Whether the release was in pilot or production when the order was given."""
    moves = Entry.objects.filter(subject_id=release.pk, kind="release.moved")
    last = moves.filter(recorded_at__lte=order.ordered_at).order_by("-seq").first()
    return last is not None and json.loads(last.body)["state"]["stage"] in LIVE
