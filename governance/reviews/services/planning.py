"""Planning: which reviews a release owes, on which days, in which packages."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models import QuerySet

from governance.reviews import queries, rules
from governance.reviews.models import PENDING, Package, Review
from governance.reviews.queries.owing import Owed, last_done, owed_by
from governance.reviews.rules import Trigger
from governance.reviews.schema import INSTITUTION
from registry.core import clock
from registry.core.jobs.services import Progress
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.people.models import LegalEntity, User
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.releases import services as releases
from registry.releases.models import Release, Stage


def plan_release(*, actor: User, release_id: uuid.UUID) -> None:
    """The release has the reviews that its tier owes, and no others; none unless in production.

    Going live opens the plan, another tier reschedules it, retirement closes it. What somebody has
    called for or already handed in stays as it is. Doing it twice changes nothing.
    """
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        pack = policy.active_pack()
        section = queries.section_of(pack)
        owed = owed_by(release, section)
        open_packages = _lock_open(release)
        waiting = _waiting(open_packages)
        place_moved = [row for row in open_packages if owed.months and row.place != owed.place]
        for review in waiting:
            by_calendar = review.trigger == Trigger.CALENDAR and review.state == "planned"
            moves = review.kind not in owed.months or review.package in place_moved
            if release.stage == Stage.S8 or (by_calendar and moves):
                _cancel(act, review)
        for row in place_moved:
            act.update(row, "package.moved_to_tier", {"place": owed.place})
        kept = {review.kind for review in waiting if review.state in PENDING}
        _open(act, release, pack, {k: m for k, m in owed.months.items() if k not in kept}, owed)
        close_finished(act, open_packages)


def plan_everything(*, actor: User, progress: Progress | None = None) -> int:
    """Every live release and the institution have their plans; each in an act of its own."""
    plan_institution(actor=actor)
    live = Release.objects.filter(stage=Stage.S5).order_by("pk")
    total, done = live.count(), 0
    for release_id in live.values_list("pk", flat=True).iterator(1_000):
        plan_release(actor=actor, release_id=release_id)
        done += 1
        if progress is not None and done % 20 == 0:
            progress("plan", done, total)
    return done


def plan_missing(*, actor: User) -> int:
    """Live releases without any plan have one again, and the institution has its own."""
    plan_institution(actor=actor)
    missing = list(queries.unplanned().order_by("pk").values_list("pk", flat=True)[:1_000])
    for release_id in missing:
        plan_release(actor=actor, release_id=release_id)
    return len(missing)


def plan_institution(*, actor: User) -> None:
    """The institution's own reviews wait for their day: shadow AI, dormant models, the report."""
    with ledger.act(actor) as act:
        pack = policy.active_pack()
        section = queries.section_of(pack)
        root = LegalEntity.objects.select_for_update().filter(parent=None).order_by("path").first()
        if root is None:
            return
        waiting = set(
            Review.objects.filter(release=None, state__in=PENDING).values_list("kind", flat=True)
        )
        owed = Owed(
            INSTITUTION,
            {
                kind.key: kind.months[INSTITUTION]
                for kind in section.of_scope(INSTITUTION)
                if kind.key not in waiting
            },
        )
        if owed.months:
            _open(act, root, pack, owed.months, owed)


def _open(
    act: Act, about: Release | LegalEntity, pack: PackRelease, months: dict[str, int], owed: Owed
) -> None:
    """The kinds wait for their day, each in the package it is done with."""
    if not months:
        return
    release = about if isinstance(about, Release) else None
    section, today = queries.section_of(pack), clock.today()
    notice = rules.notice_days(section.steps(), owed.place)
    last = last_done(release, months)
    base = clock.local_day(release.stage_since) if release is not None else today
    dues = {
        kind: rules.first_due(
            last.get(kind, base),
            every,
            today=today,
            notice_days=notice,
            spread_days=section.spread_days,
            seed=str(about.pk),
        )
        for kind, every in months.items()
    }
    standing = {row.due_on: row for row in _open_of(release) if row.due_on >= today}
    for day, kinds in rules.bundle(dues, standing, section.package_days).items():
        package = standing.get(day) or open_package(act, about, owed.place, day)
        _add(act, package, pack, kinds)


def open_package(act: Act, about: Release | LegalEntity, place: str, due_on: dt.date) -> Package:
    """There is an open package for that day."""
    release = about if isinstance(about, Release) else None
    entity = about.model_use.entity if isinstance(about, Release) else about
    row = Package(
        code=ledger_queries.next_code("RVP"),
        release=release,
        entity=entity,
        place=place,
        due_on=due_on,
        planned_on=clock.today(),
    )
    return act.create(row, "package.opened")


def _add(act: Act, package: Package, pack: PackRelease, kinds: Iterable[str]) -> None:
    rows = [
        Review(package=package, release=package.release, kind=kind, pack=pack)
        for kind in sorted(kinds)
    ]
    act.create_many(rows, "review.planned")


def close_finished(act: Act, packages: Iterable[Package]) -> list[Package]:
    """The locked packages in which nothing waits any more are closed."""
    rows = list(packages)
    busy = set(queries.pending(row.pk for row in rows).values_list("package_id", flat=True))
    closed = [row for row in rows if row.pk not in busy and row.state == "open"]
    for row in closed:
        act.update(row, "package.closed", {"state": "closed"})
    return closed


def _lock_open(release: Release) -> list[Package]:
    return list(_open_of(release).select_for_update().order_by("pk"))


def _open_of(release: Release | None) -> QuerySet[Package]:
    return Package.objects.filter(release=release, state="open")


def _waiting(packages: list[Package]) -> list[Review]:
    """The unfinished reviews of the packages, locked, each with its package."""
    by_key = {row.pk: row for row in packages}
    found = list(queries.pending(by_key).select_for_update().order_by("pk"))
    for review in found:
        review.package = by_key[review.package_id]
    return found


def _cancel(act: Act, review: Review) -> None:
    act.update(review, "review.cancelled", {"state": "cancelled"})
