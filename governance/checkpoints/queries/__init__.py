"""Reading plans, decisions and cases."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import lru_cache

from django.db import models
from django.db.models import Exists, F, Q

from governance.checkpoints.models import Case, Competence, Feed, Plan, Sample, Seal
from governance.checkpoints.models.cases import WAITING
from governance.checkpoints.rules.answering import Trigger
from governance.checkpoints.schema import Checkpoint, CheckpointsSection, PlanContent, parse_plan
from governance.suspensions.queries import consuming
from registry.catalogue.queries import may_be_seen
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease

SAMPLING = "RI-04"  # its trigger says which decisions are sampled more often; none waits


def section_of(pack: PackRelease) -> CheckpointsSection:
    """The pack's section on checkpoints; a pack from before there was one has none."""
    found = policy.section(pack, "checkpoints")
    assert isinstance(found, CheckpointsSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def active_section() -> CheckpointsSection:
    """The section of the pack in force."""
    return section_of(policy.active_pack())


def visible_plans(user: User) -> models.QuerySet[Plan]:
    """The plans of the releases that the person may see."""
    return Plan.objects.filter(may_be_seen(user, "release__model_use__model__"))


def reachable(user: User) -> models.QuerySet[Case]:
    """The cases of the releases that the person may see: of these they can be told what they may
    not do. A gateway reaches its own, also those of confidential models.
    """
    return Case.objects.filter(may_be_seen(user, "release__model_use__model__") | Q(gateway=user))


def visible_to(user: User) -> models.QuerySet[Case]:
    """The cases that the person may read.

    Who is trained to decide sees of closed cases their own alone, and none that looks once more at
    their own: a second view is blind only where the first cannot be found. Who reads the trail
    sees all.
    """
    rows, found = reachable(user), standing(user)
    if not found.is_one_of(Capability.DECIDE_CASES) or found.is_one_of(Capability.READ_TRAIL):
        return rows
    trained = Competence.objects.filter(on_a_day(), user=user)
    own = Q(decided_by=user) | Q(first_by=user)
    again = Q(about__isnull=False) & (Q(about__decided_by=user) | Q(about__first_by=user))
    return rows.filter(~Exists(trained) | own | (Q(state__in=WAITING) & ~again))


def is_blind(user: User) -> bool:
    """Whether the person is not told where a decision lies, and since when, while its case waits.

    An old one in the queue is a second look, or one that is known to be wrong.
    """
    return not standing(user).is_one_of(Capability.READ_TRAIL)


def visible_competences(user: User) -> models.QuerySet[Competence]:
    """Who is trained for what is no secret in the house."""
    return Competence.objects.select_related("user", "recorded_by", "entity")


def visible_feeds(user: User) -> models.QuerySet[Feed]:
    """What the gateways within the person's reach have been told."""
    return Feed.objects.filter(consumer__in=consuming.visible_consumers(user))


def visible_seals(user: User) -> models.QuerySet[Seal]:
    """Seals say nothing of what they cover."""
    return Seal.objects.all()


def visible_samples(user: User) -> models.QuerySet[Sample]:
    """Which seeds were fixed is no secret; what they are is told once they are drawn."""
    return Sample.objects.all()


def is_hidden(user: User, row: Case) -> bool:
    """Whether the person is not told what the model says, nor why somebody looks at the decision:
    the reviewer's own view comes first, and nobody else's opens it to them.
    """
    if not row.hides_advice or row.state not in WAITING or not is_blind(user):
        return False
    return row.viewed_by_id != user.pk or not row.own_view


def whole(queryset: models.QuerySet[Case]) -> models.QuerySet[Case]:
    """With what nearly every reader needs, in one statement."""
    return queryset.select_related(
        "plan", "release__version", "release__model_use__model", "release__model_use__entity",
        "release__model_use__use_case", "gateway", "viewed_by", "first_by", "decided_by", "about",
        "asked_by", "replied_by",
    )  # fmt: skip


def whole_plans(queryset: models.QuerySet[Plan]) -> models.QuerySet[Plan]:
    """With release, model and people, in one statement; the pack's files when asked for."""
    return queryset.select_related(
        "release__version", "release__model_use__model__owner", "release__model_use__entity",
        "release__model_use__use_case__owner", "pack", "drafted_by", "activated_by",
    ).defer("pack__content")  # fmt: skip


@lru_cache(maxsize=512)
def compiled(sha256: str, plan_id: uuid.UUID) -> tuple[PlanContent, tuple[Trigger, ...]]:
    """What the plan says, with its triggers ready; what a plan says never changes."""
    told = parse_plan(Plan.objects.values_list("content", flat=True).get(pk=plan_id))
    return told, told.triggers(without=SAMPLING)


def plan_of(case: Case) -> PlanContent:
    """What the plan says under which the case was opened."""
    told, _triggers = compiled(case.plan.sha256, case.plan_id)
    return told


def checkpoint_of(case: Case) -> Checkpoint:
    """The checkpoint under which the case was opened."""
    return plan_of(case).checkpoint(case.checkpoint)


def waiting(user: User) -> models.QuerySet[Case]:
    """The cases that somebody has to decide and the person may see, the next to run out first."""
    return whole(visible_to(user).filter(state__in=WAITING)).order_by("due_at", "pk")


def mine(user: User) -> list[Case]:
    """Those of the waiting cases that the person can decide, by role and competence."""
    found, known = standing(user), competences(user)
    return [
        row
        for row in waiting(user)
        .exclude(first_by=user)
        .exclude(Q(about__decided_by=user) | Q(about__first_by=user))
        .exclude(pk__in=have_passed_on(user).values("subject_id"))[:MOST_LOOKED_AT]
        if found.has_at(row.release.model_use.entity.path, *checkpoint_of(row).roles)
        and competence_in(known, checkpoint_of(row).competence, row.release.model_use.entity.path)
    ]


MOST_LOOKED_AT = 200


def competences(user: User) -> list[Competence]:
    """What the person is trained for today, the latest record first."""
    rows = Competence.objects.filter(on_a_day(), user=user).select_related("entity")
    return list(rows.order_by(F("recorded_at").desc(nulls_last=True), "-valid_from", "-pk"))


def competence_in(known: Iterable[Competence], key: str, path: str) -> Competence | None:
    """The latest of the records for cases of the entity."""
    return next(
        (row for row in known
         if row.key == key and (row.entity is None or path.startswith(row.entity.path))), None,
    )  # fmt: skip


def on_a_day() -> Q:
    """Records that hold today."""
    day = clock.today()
    return Q(valid_from__lte=day, valid_to__gte=day, ended_at=None)


def have_dealt_with(user: User, row: Case) -> bool:
    """Whether the person has taken part in another case about the same decision."""
    same = Case.objects.filter(batch_id=row.batch_id, position=row.position).exclude(pk=row.pk)
    dealt = Entry.objects.filter(actor=user.pk, subject_id__in=same.values("pk"))
    return dealt.exclude(kind="case.opened").exists()


def have_passed_on(user: User) -> models.QuerySet[Entry]:
    """That the person has escalated a case, or differed from its first view: others decide it."""
    return Entry.objects.filter(actor=user.pk, kind__in=["case.escalated", "case.disagreed"])


def decided_today(user: User) -> int:
    """How many cases the person has decided, or given a view on, since midnight."""
    since = clock.day_begins()
    views = Entry.objects.filter(
        actor=user.pk, kind__in=["case.first_view", "case.disagreed"], recorded_at__gte=since
    )
    decided = Case.objects.filter(decided_by=user, decided_at__gte=since)
    return decided.count() + views.count()


def plans_in_force(release_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, str]]:
    """Release → (plan, its sha256); one statement."""
    rows = Plan.objects.filter(release__in=list(release_ids), state="in_force")
    return {
        release: (pk, sha256)
        for release, pk, sha256 in rows.values_list("release_id", "pk", "sha256")
    }


def place_of(plan: Plan) -> LegalEntity:
    """The entity in which the plan's release is used."""
    return plan.release.model_use.entity
