"""Reading reviews: what is due, what waits for whom, what an overdue one keeps shut."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Exists, OuterRef, Q

from governance.reviews import rules
from governance.reviews.models import PENDING, Explanation, Package, Reminder, Review
from governance.reviews.rules import HELD_BY_A_DEFERRAL, Effect, Step, Task
from governance.reviews.rules.importances import Importances
from governance.reviews.schema import ReviewsSection
from registry.catalogue.models import AIModel, IdentityKind
from registry.catalogue.queries import may_be_seen, names_shown
from registry.core import clock
from registry.core.calendars import queries as calendars
from registry.core.calendars.rules import WorkingDays
from registry.core.people.models import RoleAssignment, User, UserKind
from registry.core.people.queries import on_duty, standing
from registry.core.people.rules import Role
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.evidence import queries as evidence
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import Release, Stage


def section_of(pack: PackRelease) -> ReviewsSection:
    """The pack's section on reviews; a pack from before there was one plans nothing."""
    found = policy.section(pack, "reviews")
    assert isinstance(found, ReviewsSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def active_section() -> ReviewsSection:
    """The section of the pack in force."""
    return section_of(policy.active_pack())


def visible_to(user: User) -> models.QuerySet[Package]:
    """Packages of the releases the person may see, and the institution's."""
    return Package.objects.filter(
        Q(release=None) | may_be_seen(user, "release__model_use__model__")
    )


def visible_reviews(user: User) -> models.QuerySet[Review]:
    """Reviews of the releases the person may see, and the institution's."""
    return Review.objects.filter(Q(release=None) | may_be_seen(user, "release__model_use__model__"))


def visible_reminders(user: User) -> models.QuerySet[Reminder]:
    """Rungs that have come for packages the person may see."""
    return Reminder.objects.filter(
        Q(package__release=None) | may_be_seen(user, "package__release__model_use__model__")
    )


def visible_explanations(user: User) -> models.QuerySet[Explanation]:
    """What explainability reviews found, of the releases the person may see."""
    return Explanation.objects.filter(may_be_seen(user, "review__release__model_use__model__"))


def explained_before(row: Explanation) -> Explanation | None:
    """The explanation of the use's review before this one: of this release, or an earlier one."""
    release = row.review.release
    if release is None:
        return None
    return (
        Explanation.objects.filter(
            review__release__model_use=release.model_use_id, review__state="signed_off"
        )
        .exclude(pk=row.pk)
        .select_related("review")
        .order_by("-review__submitted_at", "-pk")
        .first()
    )


def importances_of(row: Explanation) -> Importances:
    """The importances that the explanation holds."""
    shares = tuple((str(name), float(share)) for name, share in row.importances)
    return Importances(row.tool, shares)


def artifact_of(release: Release) -> Document | None:
    """The document that is the release's version itself: its sha256 is the version's digest."""
    version = release.version
    if version is None or version.identity_kind != IdentityKind.ARTIFACT:
        return None
    found = evidence.latest(releases.subjects_of(release)).filter(sha256=version.digest)
    return found.order_by("-handed_in_at", "-pk").first()


def whole(queryset: models.QuerySet[Package]) -> models.QuerySet[Package]:
    """The packages with what nearly every reader needs, in one statement."""
    return queryset.select_related(
        "entity",
        "assignee",
        "release__model_use__model__owner",
        "release__model_use__use_case",
        "release__model_use__entity",
    )


def pending(package_ids: Iterable[uuid.UUID]) -> models.QuerySet[Review]:
    """The reviews of these packages that are not finished."""
    return Review.objects.filter(package__in=list(package_ids), state__in=PENDING)


def working_days(section: ReviewsSection) -> WorkingDays:
    """The working days of the section's calendar; one statement."""
    return calendars.working_days(section.calendar)


# What is due


def counted_from(package: Package, step: Step) -> dt.date:
    """The date from which the rung is counted for the package."""
    if step.effect in HELD_BY_A_DEFERRAL and package.held_until is not None:
        return package.held_until
    return package.due_on


def tasks(packages: Iterable[Package], section: ReviewsSection) -> dict[uuid.UUID, Task]:
    """The packages as the ladder sees them; one statement."""
    rows = list(packages)
    by_key = {one.key: one for one in section.steps()}
    taken: dict[uuid.UUID, dict[str, dt.date]] = {row.pk: {} for row in rows}
    found = Reminder.objects.filter(package__in=taken).values_list(
        "package_id", "rung", "for_on", "came_on"
    )
    owners = {row.pk: row for row in rows}
    for package_id, rung, for_on, came_on in found:
        step = by_key.get(rung)
        if step is not None and counted_from(owners[package_id], step) == for_on:
            taken[package_id][rung] = came_on
    return {
        row.pk: Task(row.place, row.due_on, row.planned_on, taken[row.pk], row.held_until)
        for row in rows
    }


# What being overdue keeps shut


@dataclass(frozen=True)
class Overdue:
    """How a release stands: whether a review of its own bites, or one of its model blocks it."""

    beyond_grace: bool
    blocks_new_use: bool


def overdue(release: Release) -> Overdue:
    """BR-11 and the blocking of new uses (regulations II.5.2, T+7 and T+14): one statement."""
    section, today = active_section(), clock.today()
    biting = [one.key for one in section.kinds if one.bites]
    late = Package.objects.filter(
        Exists(Review.objects.filter(package=OuterRef("pk"), kind__in=biting, state__in=PENDING)),
        release__model_use__model=release.model_use.model_id,
        state="open",
        due_on__lt=today,
    ).select_related("release")
    found = list(late)
    return Overdue(
        beyond_grace=any(
            row.release_id == release.pk and _has_effect(row, section, Effect.RESTRICT, today)
            for row in found
        ),
        blocks_new_use=release.stage != Stage.S5
        and any(_has_effect(row, section, Effect.BLOCK_NEW_USES, today) for row in found),
    )


def _has_effect(package: Package, section: ReviewsSection, effect: Effect, today: dt.date) -> bool:
    """Whether the effect's day has come, announced or not: a gate needs no notice."""
    return not is_held(package) and any(
        step.effect is effect
        and package.place in step.days
        and package.due_on + dt.timedelta(days=step.days[package.place]) <= today
        for step in section.steps()
    )


def able_to_carry_out(package: Package) -> models.QuerySet[User]:
    """The people whose roles carry out something that waits in the package."""
    section, waiting = active_section(), pending([package.pk]).values_list("kind", flat=True)
    lead = {role for key in waiting if (kind := section.kind(key)) for role in kind.lead}
    duties = RoleAssignment.objects.filter(
        on_duty(), user=OuterRef("pk"), role__in=[role.value for role in lead - {Role.OWNER}]
    )
    able = Q(Exists(duties))
    if Role.OWNER in lead and package.release is not None:
        able |= Q(pk=package.release.model_use.model.owner_id)
    return User.objects.filter(able, kind=UserKind.PERSON, is_active=True)


def able_to_review() -> models.QuerySet[User]:
    """The people who carry some kind of review out."""
    lead = {role.value for kind in active_section().kinds for role in kind.lead}
    duties = RoleAssignment.objects.filter(on_duty(), user=OuterRef("pk"), role__in=lead)
    return User.objects.filter(Exists(duties), kind=UserKind.PERSON, is_active=True)


# What waits for whom


def kinds_for(section: ReviewsSection, roles: Iterable[Role], part: str) -> dict[str, set[Role]]:
    """The kinds that these roles carry out (`lead`) or sign (`signs`) → by which of the roles."""
    held = set(roles)
    return {
        kind.key: fitting for kind in section.kinds if (fitting := held & set(getattr(kind, part)))
    }


def to_do(user: User, until: dt.date | None = None) -> models.QuerySet[Review]:
    """The planned reviews that the person carries out and whose first rung has come.

    until: with those of which nobody has been reminded yet and that are due by this day.
    """
    section = active_section()
    mine, shown = Q(package__assignee=user), _shown(section, clock.today())
    if until is not None:
        shown |= Q(package__due_on__lte=until)
    for_all = shown & _nobody_named(section)
    return _waiting(user, section, "lead").filter(mine | for_all, state="planned")


def _nobody_named(section: ReviewsSection) -> Q:
    """Nobody is named for the review, or somebody who does not carry out its kind."""
    found = Q(package__assignee=None)
    own = Q(package__assignee=models.F("release__model_use__model__owner"))
    for lead in sorted({one.lead for one in section.kinds}):
        holds = RoleAssignment.objects.filter(
            on_duty(),
            user=OuterRef("package__assignee"),
            user__is_active=True,
            role__in=[role.value for role in lead if role is not Role.OWNER],
        )
        fits = Exists(holds) | (own if Role.OWNER in lead else Q(pk__in=[]))
        kinds = [one.key for one in section.kinds if one.lead == lead]
        found |= Q(kind__in=kinds, package__assignee__isnull=False) & ~fits
    return found


def to_sign(user: User) -> models.QuerySet[Review]:
    """The submitted reviews that the person may sign off; not the own ones."""
    rows = _waiting(user, active_section(), "signs").filter(state="submitted")
    return (
        rows.exclude(submitted_by=user)
        .exclude(release__model_use__model__owner=user)
        .exclude(release__model_use__use_case__owner=user)
        .exclude(release__version__developers__user=user)
    )


def _shown(section: ReviewsSection, today: dt.date) -> Q:
    """From the first rung on, or from the planning of what is due sooner."""
    steps = section.steps()
    shown = Q(pk__in=[])
    for place in ("I", "II", "III", "IV", "institution"):
        notice = dt.timedelta(days=rules.notice_days(steps, place))
        shown |= Q(package__place=place, package__due_on__lte=today + notice)
    return shown


def _waiting(user: User, section: ReviewsSection, part: str) -> models.QuerySet[Review]:
    """Reviews of kinds that the person's roles carry out or sign, where these roles reach."""
    reaches: dict[str, list[Role]] = {}
    for role, path in standing(user).roles:
        reaches.setdefault(path, []).append(role)
    mine = Q(pk__in=[])
    for path, roles in sorted(reaches.items()):
        for kind, fitting in kinds_for(section, roles, part).items():
            here = Q(kind=kind, package__entity__path__startswith=path)
            if fitting == {Role.OWNER}:
                here &= Q(release__model_use__model__owner=user)
            mine |= here
    return visible_reviews(user).filter(mine)


def model_of(package: Package) -> AIModel | None:
    """The model that the package is about; None for the institution's."""
    return package.release.model_use.model if package.release is not None else None


def name_of(package: Package) -> tuple[str, str]:
    """What the package is about, in Chinese and English; of a confidential model its code."""
    model = model_of(package)
    if model is None:
        return package.entity.name_zh, package.entity.name_en or package.entity.name_zh
    return names_shown(model)


def stays_inside(package: Package) -> bool:
    """Whether the package is about a confidential model, of which no channel tells."""
    model = model_of(package)
    return model is not None and model.is_confidential


def is_held(package: Package) -> bool:
    """Whether a deferral holds the effects of being overdue today."""
    return package.held_until is not None and package.held_until >= clock.today()


def unplanned() -> models.QuerySet[Release]:
    """Live releases without an open package: a plan that was lost, or never drawn up."""
    waiting = Package.objects.filter(release=OuterRef("pk"), state="open")
    return Release.objects.filter(~Exists(waiting), stage=Stage.S5)
