"""What a plan would have made of the decisions that are recorded: nothing is written."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from governance.checkpoints import queries
from governance.checkpoints.models import Case, Decision, Plan
from governance.checkpoints.rules import answering
from governance.checkpoints.rules.answering import Answer
from registry.core import clock
from registry.core.jobs.models import Job, JobState
from registry.core.jobs.services import Progress
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import parts_of

JOB = "checkpoints.trial"
DAYS, MOST, CHUNK = 30, 100_000, 1_000


def trial(plan: Plan, progress: Progress | None = None) -> dict[str, Any]:  # Any: JSON
    """How many of the release's decisions of thirty days would have waited, and at what.

    A field that was not declared then was not kept: what reads it counts as undecided, and waits.
    At most the latest 100,000 are looked at, in constant memory.
    """
    told, triggers = queries.compiled(plan.sha256, plan.pk)
    fired: Counter[str] = Counter()
    days: dict[str, list[int]] = {}
    was = would = done = 0
    for moment, answer, body in _recorded(plan):
        values = {"output": body["output"], "confidence": body["confidence"]} | {
            name: value for name, value in body["fields"].items() if name in told.types
        }
        found = answering.verdict(triggers, values)
        fired.update(found.fired)
        waits = found.answer is Answer.HOLD
        day = days.setdefault(clock.local_day(moment).isoformat(), [0, 0, 0])
        day[0] += 1
        day[1] += answer == Answer.HOLD
        day[2] += waits
        was, would, done = was + (answer == Answer.HOLD), would + waits, done + 1
        if progress is not None and done % CHUNK == 0:
            progress("trial", done, MOST)
    return {
        "plan": plan.code, "decisions": done, "held_then": was, "held_by_this": would,
        "by_checkpoint": dict(fired.most_common()), "by_day": dict(sorted(days.items())),
        "never": idle(plan, fired),
    }  # fmt: skip


def idle(plan: Plan, fired: Collection[str] = ()) -> list[str]:
    """The checkpoints whose trigger no decision has set off: their clauses may never hold.

    Neither one of a gateway's sample, nor one that waits or has waited, nor those of `fired`, what
    a trial has found. Of a plan that nothing was told to yet there is nothing to say.
    """
    if plan.tested_at is None and not fired:
        return []
    _told, triggers = queries.compiled(plan.sha256, plan.pk)
    seen = {*fired, *fired_by_samples(plan)}
    left = [one.key for one in triggers if one.key not in seen and (one.rule or one.scope)]
    return [key for key in left if not Case.objects.filter(plan=plan, checkpoint=key).exists()]


def fired_by_samples(plan: Plan) -> set[str]:
    """The checkpoints that fired for a decision of some gateway's sample."""
    rows = Entry.objects.filter(subject_id=plan.pk, kind="plan.tested")
    return {
        key
        for body in rows.values_list("body", flat=True)
        for key in parts_of(body)[1].get("fired", ())
    }


def latest_trial(plan: Plan) -> Job | None:
    """The plan's trial that was worked out last, whoever asked for it."""
    done = Job.objects.filter(kind=JOB, state=JobState.DONE, arguments__plan=str(plan.pk))
    return done.order_by("-ended_at").first()


def _recorded(plan: Plan) -> Iterator[tuple[dt.datetime, str, dict[str, Any]]]:  # Any: JSON
    since = clock.now() - dt.timedelta(days=DAYS)
    rows = Decision.objects.filter(release_id=plan.release_id, received_at__gte=since)
    latest = rows.order_by("-received_at", "-batch_id", "-position")[:MOST]
    for moment, answer, body in latest.values_list("received_at", "answer", "body").iterator(CHUNK):
        yield moment, answer, json.loads(body)["told"]
