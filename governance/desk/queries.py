"""What lies on a person's desk: what waits for them, and what they answer for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import models

from governance.approvals import queries as approvals
from governance.approvals.models import Approval, Condition, Step, StepState, Vote
from governance.checkpoints import queries as checkpoints
from governance.clocks import queries as clocks
from governance.committees.models import Resolution
from governance.findings import queries as findings
from governance.findings.models import Finding, Waiver
from governance.lifecycle import queries as lifecycle
from governance.lifecycle.models import Exemption
from governance.monitoring import queries as monitoring
from governance.monitoring.models import Breach, Metric, Threshold
from governance.permits.models import Permit
from governance.reviews import queries as reviews
from governance.reviews.models import Package, Review
from governance.suspensions import queries as suspensions
from governance.validations import queries as validations
from governance.validations.models import Validation, ValidationTest
from registry.catalogue import queries as catalogue
from registry.catalogue.models import AIModel
from registry.classification.models import Grade, GradeConfirmation, TierOverride
from registry.classification.queries import visible_grades
from registry.core.calendars import queries as calendars
from registry.core.dispatch import queries as parked
from registry.core.notices.queries import visible_to as notices_of
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability, Role
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import Deployment, Release, Stage

MOST = 10


@dataclass(frozen=True)
class Desk:
    """The heaps on the desk; an empty heap is not shown."""

    votes: list[Any]
    grades: list[Any]
    validations: list[Any]
    to_validate: list[Any]
    to_sign_off: list[Any]
    exemptions: list[Any]
    waivers: list[Any]
    clocks: list[Any]
    to_review: list[Any]
    to_sign: list[Any]
    conditions: list[Any]
    findings: list[Any]
    releases: list[Any]
    orders: list[Any]
    notices: list[Any]
    parked: list[Any]
    awaited: list[Any]
    to_production: list[Any]
    to_close: list[Any]
    working_days: list[Any]
    cases: list[Any]
    breaches: list[Any]

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits for the person."""
        return not any(vars(self).values())


def desk_of(user: User) -> Desk:
    """The person's desk: a fixed number of statements, ten lines a heap."""
    may = standing(user).may
    return Desk(
        votes=list(approvals.seats_to_vote(user)[:MOST]) if may(Capability.VOTE) else [],
        grades=_grades(user) if may(Capability.CONFIRM_GRADE) else [],
        validations=_validations(user),
        to_validate=_to_validate(user) if may(Capability.VALIDATE) else [],
        to_sign_off=_to_sign_off(user) if may(Capability.OVERRIDE_GRADE) else [],
        exemptions=_exemptions(user) if may(Capability.CONFIRM_REQUIREMENT) else [],
        waivers=_waivers(user) if may(Capability.WAIVE) else [],
        clocks=clocks.mine(user)[:MOST] if may(Capability.KEEP_CLOCKS) else [],
        to_review=_first(reviews.to_do(user)) if may(Capability.REVIEW) else [],
        to_sign=_first(reviews.to_sign(user)) if may(Capability.SIGN_REVIEW) else [],
        conditions=list(
            Condition.objects.filter(owner=user, met_at=None).select_related(
                "approval__release__model_use__model"
            )[:MOST]
        ),
        findings=_findings(user),
        releases=_releases(user),
        orders=suspensions.with_targets(
            suspensions.visible_to(user)
            .filter(state="in_force")
            .select_related("ordered_by", "resume_asked_by")[:MOST]
        ),
        notices=list(notices_of(user).filter(read_at=None)[:MOST]),
        parked=list(parked.visible_to(user).order_by("from_seq")[:MOST]),
        awaited=lifecycle.documents_awaited(user, MOST) if may(Capability.HAND_IN_EVIDENCE) else [],
        to_production=_to_production(user) if standing(user).has(Role.IT_OPERATIONS) else [],
        to_close=_to_close(user) if may(Capability.MANAGE_APPROVAL) else [],
        cases=checkpoints.mine(user)[:MOST] if may(Capability.DECIDE_CASES) else [],
        breaches=_breaches(user) if may(Capability.ANSWER_BREACH) else [],
        working_days=list(calendars.to_confirm(user)[:MOST])
        if standing(user).may_everywhere(Capability.MANAGE_POLICY)
        else [],
    )


def _breaches(user: User) -> list[Any]:
    """Those of the person's own models; for the second line, all within reach."""
    rows = monitoring.visible_breaches(user).exclude(state="closed")
    if not standing(user).has(*monitoring.SECOND):
        own = models.Q(release__model_use__model__owner=user)
        rows = rows.filter(own | models.Q(release__model_use__use_case__owner=user))
    related = "metric", "release__model_use__model", "taken_up_by"
    return list(rows.select_related(*related).order_by("due_at", "pk")[:MOST])


def _first(rows: models.QuerySet[Review]) -> list[Review]:
    """Those that are due first."""
    found = rows.select_related("package__entity", "release__model_use__model", "submitted_by")
    return list(found.distinct().order_by("package__due_on", "kind")[:MOST])


def _grades(user: User) -> list[Grade]:
    """Grades that wait for a second person who is neither grader nor owner."""
    rows = visible_grades(user).filter(
        confirmation=None, model_use__is_live=True, model_use__is_provisional=True
    )
    return list(
        rows.exclude(graded_by=user)
        .exclude(model_use__model__owner=user)
        .select_related("model_use__model", "graded_by")
        .order_by("model_use_id", "-number")
        .distinct("model_use_id")[:MOST]
    )


def _validations(user: User) -> list[Any]:
    rows = validations.visible_to(user).exclude(state__in=["signed_off", "abandoned"])
    mine = rows.filter(validator=user) | rows.filter(
        release__model_use__model__owner=user, state="concluded"
    )
    return list(mine.select_related("release__model_use__model").distinct()[:MOST])


def _to_validate(user: User) -> list[Release]:
    rows = releases.visible_to(user).filter(stage=Stage.S2, validation_conclusion="")
    return list(
        releases.whole(rows)
        .exclude(model_use__model__owner=user)
        .exclude(validations__state__in=["planned", "concluded", "answered"])
        .order_by("stage_since")[:MOST]
    )


def _to_sign_off(user: User) -> list[Any]:
    """Answered validations that the person may sign: who owns, built or validated it may not."""
    if user.is_superuser or user.is_vendor_staff:
        return []
    rows = validations.visible_to(user).filter(state="answered").exclude(validator=user)
    return list(
        rows.exclude(release__model_use__model__owner=user)
        .exclude(release__model_use__use_case__owner=user)
        .exclude(release__version__developers__user=user)
        .select_related("release__model_use__model", "validator")
        .order_by("started_at")[:MOST]
    )


def _exemptions(user: User) -> list[Any]:
    rows = lifecycle.visible_exemptions(user).filter(state="asked").exclude(asked_by=user)
    rows = rows.filter(requirement__in=lifecycle.askable(user))
    return list(rows.select_related("release__model_use__model", "asked_by")[:MOST])


def _waivers(user: User) -> list[Any]:
    rows = findings.visible_waivers(user).filter(state="requested").exclude(requested_by=user)
    return list(rows.select_related("release__model_use__model", "requested_by")[:MOST])


def _findings(user: User) -> list[Any]:
    rows = findings.visible_to(user).filter(release__model_use__model__owner=user)
    return list(rows.exclude(state="closed").select_related("release__model_use__model")[:MOST])


def _releases(user: User) -> list[Release]:
    """The releases that the person owns or is building, not yet retired."""
    rows = releases.visible_to(user).exclude(stage=Stage.S8)
    mine = rows.filter(model_use__model__owner=user) | rows.filter(version__developers__user=user)
    return list(releases.whole(mine).distinct().order_by("-stage_since")[:MOST])


def _to_production(user: User) -> list[Release]:
    """Pilots that the person moves into production, the longest first."""
    rows = releases.whole(releases.visible_to(user).filter(stage=Stage.S4))
    return list(rows.order_by("stage_since")[:MOST])


def _to_close(user: User) -> list[Step]:
    """Open votes, each with its count: the secretary closes them."""
    rows = Step.objects.filter(
        state=StepState.OPEN,
        policy__kind="committee",
        approval__state="open",
        approval__in=approvals.visible_to(user),
    )
    found = list(
        rows.select_related("approval__release__model_use__model").order_by(
            "approval__requested_at"
        )[:MOST]
    )
    for step in found:
        step.tally = approvals.tally(step)  # type: ignore[attr-defined]  # for the template alone
    return found


def happened_to(release: Release) -> list[uuid.UUID]:
    """The keys of all that was decided on the release and its use, in one statement."""
    approvals_here = Approval.objects.filter(release=release).order_by().values("pk")
    sources: list[models.QuerySet[Any]] = [
        Grade.objects.filter(model_use=release.model_use_id),
        GradeConfirmation.objects.filter(grade__model_use=release.model_use_id),
        TierOverride.objects.filter(model_use=release.model_use_id),
        Validation.objects.filter(release=release),
        ValidationTest.objects.filter(validation__release=release),
        Approval.objects.filter(release=release),
        Step.objects.filter(approval__release=release),
        Vote.objects.filter(step__approval__release=release),
        Condition.objects.filter(approval__release=release),
        Resolution.objects.filter(subject_id__in=approvals_here),
        Finding.objects.filter(release=release),
        Waiver.objects.filter(release=release),
        Exemption.objects.filter(release=release),
        Deployment.objects.filter(release=release),
        Package.objects.filter(release=release),
        Permit.objects.filter(release=release),
        Metric.objects.filter(release=release),
        Threshold.objects.filter(metric__release=release),
        Breach.objects.filter(release=release),
        Review.objects.filter(release=release).exclude(state__in=["planned", "cancelled"]),
        suspensions.about_release(release),
        Document.objects.filter(subject_id__in=releases.subjects_of(release)),
        Document.objects.filter(
            subject_id__in=Validation.objects.filter(release=release).order_by().values("pk")
        ),
    ]
    first, *others = (rows.order_by().values_list("pk", flat=True) for rows in sources)
    return list(first.union(*others, all=True))


@dataclass(frozen=True)
class Tasks:
    """What somebody answers for today, as far as the reader may see it."""

    models: list[AIModel]
    packages: list[Package]
    conditions: int

    @property
    def is_empty(self) -> bool:
        """Whether somebody could leave without handing anything over."""
        return not (self.models or self.packages or self.conditions)


def tasks_of(reader: User, person: User) -> Tasks:
    """The models that the person owns, the packages assigned, the conditions to meet."""
    owned = catalogue.visible_to(reader).filter(owner=person).order_by("code")
    assigned = reviews.visible_to(reader).filter(state="open", assignee=person)
    return Tasks(
        list(owned[:50]),
        list(reviews.whole(assigned).order_by("due_on", "pk")[:50]),
        Condition.objects.filter(owner=person, met_at=None).count(),
    )
