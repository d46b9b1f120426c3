"""Plans: drawn up, tested with a gateway's sample, put in force by another, replaced."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence

from django.utils.translation import gettext as _

from governance.checkpoints import queries
from governance.checkpoints.models import Plan
from governance.checkpoints.models.plans import PLAN_STATES
from governance.checkpoints.queries import trials
from governance.checkpoints.rules import answering
from governance.checkpoints.rules.answering import Verdict
from governance.checkpoints.schema import NewDecision, PlanContent, parse_plan
from governance.checkpoints.services.recording import faults_of, values_of
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.policy.rules import PolicyError
from registry.releases import queries as releases
from registry.releases.models import Release, Stage
from registry.usecases import queries as usecases

MOST_SAMPLES = 100
MOST_LETTERS = 50_000


def draft(*, actor: User, release_id: uuid.UUID, content: str) -> Plan:
    """A plan for the release exists as a draft. Raises DomainError (`plan_faulty`) with its line.

    Another draft does not stand in its way; what is in force stays in force.
    """
    release = releases.whole(Release.objects.filter(pk=release_id)).get()
    releases.check_reach(actor, Capability.PLAN_CHECKPOINTS, release)
    if release.stage == Stage.S8:
        raise Conflict("release_retired", _("This release has been retired."))
    _read(content, release)
    row = Plan(
        release=release,
        pack=policy.active_pack(),
        content=content,
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        drafted_by=actor,
        drafted_at=clock.now(),
    )
    with ledger.act(actor) as act:
        row.code = ledger_queries.next_code("PLN")
        return act.create(row, "plan.drafted")


def test(*, actor: User, plan_id: uuid.UUID, samples: Sequence[NewDecision]) -> list[Verdict]:
    """The gateway's sample is as declared; what would be answered is told, no decision is recorded.

    Raises DomainError (`undeclared_field`, `field_type`, `field_missing`, `personal_data`) with
    the place of the first mistake. A plan that has passed once stays tested; which checkpoints
    fired is noted when it is new.
    """
    if not 1 <= len(samples) <= MOST_SAMPLES:
        raise DomainError(
            "sample_size",
            _("Send 1 to %(most)s decisions as a sample.") % {"most": MOST_SAMPLES},
            field="decisions",
        )
    with ledger.act(actor) as act:
        row = _lock(plan_id)
        _check_may_test(actor, row)
        told, triggers = queries.compiled(row.sha256, row.pk)
        for number, sample in enumerate(samples):
            _check_sample(told, row, sample, number)
        found = [answering.verdict(triggers, values_of(told, one)) for one in samples]
        fired = {key for one in found for key in one.fired}
        if row.tested_at is None:
            changes = {"tested_at": clock.now()}
            act.update(row, "plan.tested", changes, samples=len(samples), fired=sorted(fired))
        elif fired - trials.fired_by_samples(row):
            told_of = {"samples": len(samples), "fired": sorted(fired)}
            act.note(row, "plan.tested", facts=told_of)
        return found


def activate(*, actor: User, plan_id: uuid.UUID) -> Plan:
    """The plan is in force; the one before is replaced. By the second line, not by its drafter."""
    with ledger.act(actor) as act:
        _lock_siblings(plan_id)
        row = _lock(plan_id)
        people.require_at(actor, Capability.ACTIVATE_CHECKPOINTS, queries.place_of(row))
        PLAN_STATES.check(row, "in_force")
        is_own = row.drafted_by_id == actor.pk or usecases.has_owned(actor, row.release.model_use)
        if is_own or actor.is_superuser:
            raise SegregationRefused(
                "own_plan", _("Whoever drew up the plan, or owns the model, does not sign it.")
            )
        _check_ready(row)
        former = Plan.objects.select_for_update().filter(release=row.release, state="in_force")
        for one in former:
            act.update(one, "plan.replaced", {"state": "replaced"}, by=row.code)
        changes = {"state": "in_force", "activated_by": actor, "activated_at": clock.now()}
        return act.update(row, "plan.activated", changes)


def withdraw(*, actor: User, plan_id: uuid.UUID) -> Plan:
    """The draft is put aside."""
    with ledger.act(actor) as act:
        row = _lock(plan_id)
        releases.check_reach(actor, Capability.PLAN_CHECKPOINTS, row.release)
        PLAN_STATES.check(row, "withdrawn")
        return act.update(row, "plan.withdrawn", {"state": "withdrawn"})


def request_trial(*, actor: User, plan_id: uuid.UUID) -> Job:
    """What the plan would have made of recorded decisions is worked out; poll the job."""
    row = queries.whole_plans(Plan.objects.filter(pk=plan_id)).get()
    releases.check_reach(actor, Capability.PLAN_CHECKPOINTS, row.release)
    job = jobs.request(actor=actor, kind=trials.JOB, arguments={"plan": str(row.pk)})
    if job.arguments != {"plan": str(row.pk)}:
        raise Conflict("trial_runs", _("Another trial of yours has not ended yet."))
    return job


def _lock(plan_id: uuid.UUID) -> Plan:
    return ledger.lock(queries.whole_plans(Plan.objects.all()), plan_id)


def _lock_siblings(plan_id: uuid.UUID) -> None:
    """Of two plans put in force at once the second sees, and replaces, the first."""
    rows = Plan.objects.select_for_update(of=("self",)).filter(release__plans=plan_id)
    list(rows.order_by("pk").values_list("pk"))


def _read(content: str, release: Release) -> PlanContent:
    """What the text says. Raises DomainError where it is none, or does not fit the policy."""
    if len(content) > MOST_LETTERS:
        raise DomainError("plan_faulty", _("The plan is too long."), field="content")
    try:
        told = parse_plan(content)
        told.lint(queries.active_section(), is_agent=_is_agent(release))
    except PolicyError as error:
        raise DomainError(
            "plan_faulty", _("The plan cannot be read: %(why)s") % {"why": error}, field="content"
        ) from error
    return told


def _check_ready(row: Plan) -> None:
    """A gateway's sample has passed, and the plan has what the policy wants of its tier."""
    if row.tested_at is None:
        raise Conflict(
            "plan_untested",
            _("No gateway's sample has passed this plan yet."),
            hint=_("Send a sample of decisions first; what they would be answered is told."),
        )
    told, _triggers = queries.compiled(row.sha256, row.pk)
    way_out = _("Draw the plan up anew; this draft stays as it is.")
    try:
        told.lint(queries.active_section(), is_agent=_is_agent(row.release))
    except PolicyError as error:
        raise Conflict(
            "plan_outdated", _("The plan no longer fits the policy: %(why)s") % {"why": error},
            field="content", hint=way_out,
        ) from error  # fmt: skip
    if not told.checkpoints:
        raise Conflict(
            "plan_empty", _("The plan has no checkpoint: no person would ever look."),
            field="content", hint=way_out,
        )  # fmt: skip
    tier, has = row.release.model_use.tier, {one.point for one in told.checkpoints}
    needed = [one.key for one in queries.active_section().needed(tier)]
    if missing := [key for key in needed if key not in has]:
        raise Conflict(
            "points_missing",
            _("A plan for tier %(tier)s needs these points as well: %(points)s.")
            % {"tier": tier or "–", "points": ", ".join(missing)},
            field="content", hint=way_out, details={"points": missing},
        )  # fmt: skip


def _is_agent(release: Release) -> bool:
    return bool(release.model_use.flags.get("agent") == "yes")


def _check_may_test(actor: User, row: Plan) -> None:
    """A gateway of the entity, or whoever may draw up the plan."""
    if people.standing(actor).may(Capability.POST_DECISIONS):
        people.require_at(actor, Capability.POST_DECISIONS, queries.place_of(row))
    else:
        releases.check_reach(actor, Capability.PLAN_CHECKPOINTS, row.release)


def _check_sample(told: PlanContent, row: Plan, sample: NewDecision, number: int) -> None:
    where = f"decisions[{number}]"
    if sample.release != row.release.code:
        raise DomainError(
            "another_release", _("The sample names another release."), field=f"{where}.release"
        )
    for code, name, words in faults_of(told, sample):
        raise DomainError(code, words, field=f"{where}.{name}")
