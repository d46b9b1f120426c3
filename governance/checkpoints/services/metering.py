"""How often an agent's session has acted: what goes beyond its limit waits for a person (RI-12)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from governance.checkpoints.schema import NewDecision, PlanContent, Quota

RELEASE_LOCK = 7301012  # the first half of a lock for each release that has limits


@dataclass(slots=True)
class Meter:
    """One limit of a plan, with what each session has done in its window so far."""

    quota: Quota
    counts: Counter[str]

    def is_over(self, output: object, values: Mapping[str, object]) -> bool:
        """Whether this act goes beyond the limit; counts it. An act of no session is beyond it."""
        if str(output) not in self.quota.outputs:
            return False
        session = values.get(self.quota.by)
        if not isinstance(session, str) or not session:
            return True
        self.counts[session] += 1
        return self.counts[session] > self.quota.most


def meters_of(
    release_id: uuid.UUID, plan: PlanContent, told: Iterable[NewDecision], moment: dt.datetime
) -> tuple[Meter, ...]:
    """The plan's limits with what is recorded; one statement each, and one lock for the release.

    Two batches of one release count one after the other: neither misses what the other did.
    """
    if not plan.quotas:
        return ()
    acts = list(told)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [RELEASE_LOCK, str(release_id)]
        )
    return tuple(Meter(one, _recorded(release_id, one, acts, moment)) for one in plan.quotas)


def _recorded(
    release_id: uuid.UUID, quota: Quota, told: list[NewDecision], moment: dt.datetime
) -> Counter[str]:
    """Session → how often it has acted in the window, of the sessions that act now."""
    sessions = {one.fields.get(quota.by) for one in told}
    named = sorted(one for one in sessions if isinstance(one, str))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT body::json->'told'->'fields'->>%s AS session, count(*)"
            " FROM governance_decision WHERE release_id = %s AND received_at > %s"
            " AND answer IN ('proceed', 'hold') AND output = ANY(%s)"
            " AND body::json->'told'->'fields'->>%s = ANY(%s) GROUP BY 1",
            [quota.by, release_id, moment - dt.timedelta(minutes=quota.window_minutes),
             list(quota.outputs), quota.by, named],
        )  # fmt: skip
        return Counter(dict(cursor.fetchall()))
