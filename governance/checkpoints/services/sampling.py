"""Sampling after the decision, blind second reviews, known-wrong cases put back in the queue."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from governance.checkpoints import queries
from governance.checkpoints.models import Case, Decision, Plan, Sample
from governance.checkpoints.models.cases import CaseKind, Outcome
from governance.checkpoints.queries import oversight
from governance.checkpoints.rules import sampling
from governance.checkpoints.rules.answering import Answer
from governance.checkpoints.schema import Checkpoint
from governance.checkpoints.services.opening import code_of, due_at, owed
from governance.checkpoints.services.passing import Pass
from registry.core import clock
from registry.core.errors import Conflict, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.core.policy.rules import Outcome as Fires
from registry.core.policy.rules import Readings
from registry.usecases import queries as usecases

CHUNK = 200


def commit(*, actor: User) -> list[Sample]:
    """The seeds of today and tomorrow are fixed; their digests are in the ledger."""
    found = []
    for day in (clock.today(), clock.today() + dt.timedelta(days=1)):
        if Sample.objects.filter(day=day).exists():
            continue
        row = Sample(day=day, seed_digest=sampling.digest_of(_seed(day)), committed_at=clock.now())
        with ledger.act(actor) as act:
            found.append(act.create(row, "sample.committed"))
    return found


def draw(*, actor: User) -> list[Sample]:
    """The samples of the days that have passed are drawn, and their cases opened.

    A day's sample is one act for each plan and, at the end, the seed; drawn again after a crash it
    is the same, and what is open already stays. A plan that fails keeps no other one and no other
    day, but the seed of its day, which is told once the sample is whole. At the end it raises
    PassFailed for such plans, and Conflict (`seed_lost`) where the secret that a seed came from was
    changed in between.
    """
    drawn, this, lost = [], Pass("samples"), False
    waiting = Sample.objects.filter(day__lt=clock.today(), drawn_at=None).order_by("day")
    for sample in waiting:
        if sampling.digest_of(_seed(sample.day)) != sample.seed_digest:
            lost = True
            continue
        drawn += _draw(actor, sample, this)
    this.end()
    if lost:
        raise Conflict("seed_lost", _("The secret key was changed; this seed is lost."))
    return drawn


def _draw(actor: User, sample: Sample, this: Pass) -> list[Sample]:
    """The day's sample; empty where a plan has failed, and the day is drawn once more."""
    seed, cases, failed = _seed(sample.day), 0, len(this.failed)
    for plan in oversight.plans_to_oversee().order_by("pk"):
        with this.over(plan):
            cases += _sample_plan(actor, plan, sample, seed)
            cases += _look_again(actor, plan, sample, seed)
    if len(this.failed) > failed:
        return []
    with ledger.act(actor) as act:
        row = ledger.lock(Sample.objects.all(), sample.pk)
        changes = {"seed": seed, "drawn_at": clock.now(), "cases": cases}
        return [act.update(row, "sample.drawn", changes)]


def plant(*, actor: User, case_id: uuid.UUID) -> Case:
    """A case in which the model was wrong waits once more, for somebody else; it looks like any.

    By the second line. Whether it is overridden again shows how attentively people look.
    """
    with ledger.act(actor) as act:
        row = ledger.lock(queries.whole(Case.objects.all()), case_id)
        place = row.release.model_use.entity
        people.require_at(actor, Capability.ACTIVATE_CHECKPOINTS, place)
        if usecases.has_owned(actor, row.release.model_use) or actor.is_superuser:
            raise SegregationRefused("own_model", _("Whoever owns the model does not test it."))
        if row.state != "decided" or row.outcome != Outcome.OVERRIDE:
            raise Conflict(
                "not_known_wrong", _("Only a case that was overridden is known to be wrong.")
            )
        checkpoint = queries.checkpoint_of(row)
        again = _again(row, CaseKind.SEEDED, checkpoint)
        if Case.objects.filter(code=again.code).exists():
            raise Conflict("planted_already", _("This case has been put back once already."))
        return act.create(again, "case.opened")


def _seed(day: dt.date) -> str:
    """The day's seed: nobody knows it who does not know the secret key."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"sample:{day.isoformat()}".encode(), hashlib.sha256).hexdigest()


def _sample_plan(actor: User, plan: Plan, sample: Sample, seed: str) -> int:
    """The plan's decisions of the day that nobody looked at, as many as its tier wants."""
    told, _triggers = queries.compiled(plan.sha256, plan.pk)
    checkpoint = next((one for one in told.checkpoints if one.point == queries.SAMPLING), None)
    if checkpoint is None:
        return 0
    rates = queries.active_section().sampling
    tier: Any = plan.release.model_use.tier  # Any: one of the keys, or none
    percent, least = rates.percent.get(tier, 0.0), rates.least_a_week.get(tier, 0)
    found = _of_day(plan, checkpoint, sample)
    risky = {name: is_risky for name, (is_risky, _moment) in found.items()}
    names = sampling.draw(seed, risky, percent=percent, least=sampling.least_a_day(least))
    return _open(actor, plan, checkpoint, {name: found[name][1] for name in names})


def _of_day(
    plan: Plan, checkpoint: Checkpoint, sample: Sample
) -> dict[str, tuple[bool, dt.datetime]]:
    """The decisions of the day that went on by themselves: whether each is risky, and its moment.

    Only those since the seed was fixed: nobody can have chosen it with them in mind.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    begin = max(dt.datetime.combine(sample.day, dt.time(), zone), sample.committed_at)
    end = dt.datetime.combine(sample.day + dt.timedelta(days=1), dt.time(), zone)
    rows = Decision.objects.filter(
        release_id=plan.release_id, received_at__gte=begin, received_at__lt=end,
        answer=Answer.PROCEED,
    ).order_by("received_at", "batch_id", "position")  # fmt: skip
    rule, found = checkpoint.rule, {}
    columns = rows.values_list("received_at", "batch_id", "position", "body")
    for moment, batch, position, body in columns.iterator(1_000):
        content = json.loads(body)["told"]
        values = content["fields"] | {
            "output": content["output"], "confidence": content["confidence"],
        }  # fmt: skip
        risky = rule is not None and rule.evaluate(Readings(values)) is Fires.PASS
        found[f"{batch}-{position}"] = (risky, moment)
    return found


def _open(actor: User, plan: Plan, checkpoint: Checkpoint, drawn: dict[str, dt.datetime]) -> int:
    """A case for each of the decisions; those that have one already keep it. Returns how many."""
    section, shifts = queries.active_section(), plan.told.shifts
    due = due_at(section, checkpoint, clock.now(), shifts, plan.pk)
    names = list(drawn)
    for begin in range(0, len(names), CHUNK):
        codes = {code_of(name, CaseKind.SAMPLED): name for name in names[begin : begin + CHUNK]}
        known = set(Case.objects.filter(code__in=codes).values_list("code", flat=True))
        rows = [
            _sampled(plan, checkpoint, name, drawn[name], due)
            for code, name in codes.items()
            if code not in known
        ]
        with ledger.act(actor) as act:
            act.create_many(rows, "case.opened")
    return len(names)


def _sampled(
    plan: Plan, checkpoint: Checkpoint, name: str, moment: dt.datetime, due: dt.datetime
) -> Case:
    batch, position = (int(one) for one in name.split("-"))
    told = json.loads(
        Decision.objects.values_list("body", flat=True).get(
            received_at=moment, batch_id=batch, position=position
        )
    )
    output = told["told"]["output"]
    return Case(
        code=code_of(name, CaseKind.SAMPLED), kind=CaseKind.SAMPLED, plan=plan,
        release=plan.release,
        checkpoint=checkpoint.key, point=checkpoint.point, gateway_id=told["gateway"],
        reference=told["told"]["reference"], batch_id=batch, position=position,
        received_at=moment, output="" if output is None else str(output)[:200],
        opened_at=clock.now(), due_at=due, hides_advice=checkpoint.advice == "after_view",
    )  # fmt: skip


def _look_again(actor: User, plan: Plan, sample: Sample, seed: str) -> int:
    """A share of the day's decided cases is decided once more, by others who do not see it."""
    zone = ZoneInfo(settings.TIME_ZONE)
    begin = dt.datetime.combine(sample.day, dt.time(), zone)
    decided = Case.objects.filter(
        plan=plan, kind=CaseKind.HELD, state="decided", decided_at__gte=begin,
        decided_at__lt=begin + dt.timedelta(days=1), decided_by__isnull=False,
    )  # fmt: skip
    rows = {row.code: row for row in decided.select_related("plan").order_by("code")}
    percent = queries.active_section().sampling.blind_percent
    codes = sampling.share(seed, rows, percent=percent)
    for code in codes:
        again = _again(rows[code], CaseKind.BLIND, queries.checkpoint_of(rows[code]))
        if Case.objects.filter(code=again.code).exists():
            continue
        with ledger.act(actor) as act:
            act.create(again, "case.opened")
    return len(codes)


def _again(row: Case, kind: CaseKind, checkpoint: Checkpoint) -> Case:
    """The same decision in front of somebody else, without what came of it."""
    moment = clock.now()
    shifts = queries.plan_of(row).shifts
    due = due_at(queries.active_section(), checkpoint, moment, shifts, row.plan_id)
    return Case(
        code=code_of(f"{row.batch_id}-{row.position}-{row.pk}", kind), kind=kind,
        plan_id=row.plan_id,
        release_id=row.release_id, checkpoint=row.checkpoint, point=row.point,
        gateway_id=row.gateway_id, reference=row.reference, batch_id=row.batch_id,
        position=row.position, received_at=row.received_at, output=row.output,
        opened_at=moment, due_at=due, about=row, hides_advice=row.hides_advice,
        link=row.link, legal_due_on=owed(checkpoint, moment),
    )  # fmt: skip
