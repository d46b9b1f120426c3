"""What comes round for a release by the calendar, and the work that it will be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from governance.reviews import queries, rules
from governance.reviews.models import Review
from governance.reviews.schema import Kind, ReviewsSection, TierKey, is_tier
from registry.classification import queries as classification
from registry.core import clock
from registry.core.calendars.rules import add_months
from registry.core.jobs.models import Job, JobState
from registry.core.jobs.services import Progress
from registry.core.people import queries as people
from registry.core.people.queries import Holders
from registry.core.people.rules import Role
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.core.policy.rules import Outcome, Readings
from registry.core.policy.schema import RuleSpec
from registry.releases import queries as releases
from registry.releases.models import Release, Stage

JOB = "reviews.forecast"
MONTHS = 12


@dataclass(frozen=True)
class Owed:
    """The kinds that come round for a place, each with its months."""

    place: str
    months: dict[str, int]


def owed_by(release: Release, section: ReviewsSection) -> Owed:
    """What comes round for the release by the calendar."""
    place = release.model_use.tier
    if release.stage != Stage.S5 or not is_tier(place):
        return Owed(place, {})
    grade = classification.in_force(release.model_use)
    readings = Readings(classification.readings(release.model_use, grade))
    found = {}
    for kind in section.of_scope("release"):
        months = _months(kind, place, readings)
        if months is not None:
            found[kind.key] = months
    return Owed(place, found)


def _months(kind: Kind, place: TierKey, readings: Readings) -> int | None:
    """How often the kind comes round; a condition that cannot be decided counts as fulfilled."""
    if place not in kind.months:
        return None
    asks = kind.when is not None and place in kind.when_tiers
    if asks and _fails(kind.when, readings):
        return None
    shorter = kind.shorter
    if shorter is not None and place in shorter.months and not _fails(shorter.rule, readings):
        return shorter.months[place]
    return kind.months[place]


def _fails(rule: RuleSpec | None, readings: Readings) -> bool:
    return rule is not None and rule.compiled.evaluate(readings) is Outcome.FAIL


def drill_months(release: Release) -> int | None:
    """How often drills come round at the release's tier; None where the pack has no calendar."""
    place = release.model_use.tier
    kinds = [one for one in queries.active_section().of_scope("release") if one.drills]
    if not is_tier(place):
        return None
    return min((one.months[place] for one in kinds if place in one.months), default=None)


def last_done(release: Release | None, kinds: Iterable[str]) -> dict[str, dt.date]:
    """When each kind was last done, here or before the register."""
    rows = (
        Review.objects.filter(release=release, kind__in=list(kinds))
        .filter(state__in=["signed_off", "recorded"])
        .order_by("kind", "-done_on")
        .distinct("kind")
    )
    return {kind: day for kind, day in rows.values_list("kind", "done_on") if day is not None}


# The work ahead


@dataclass
class _Work:
    """Who has how many reviews in each of the coming months."""

    counts: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    people: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, who: tuple[str, str], number: int, month: int) -> None:
        self.counts.setdefault(who, [0] * MONTHS)[month] += 1
        self.people[who] = number


def forecast(pack: PackRelease, progress: Progress | None = None) -> dict[str, Any]:  # Any: JSON
    """The reviews of the coming twelve months by person and month: as it is, and with the pack.

    Reviews that an owner carries out are the owner's; others are the role's, with how many people
    hold it there. What waits already keeps its day; what comes round follows from there.
    """
    live = releases.whole(Release.objects.filter(stage=Stage.S5)).order_by("pk")
    keys = list(live.values_list("pk", flat=True))
    holders, today = people.holders(), clock.today()
    sections = (queries.active_section(), queries.section_of(pack))
    works = (_Work(), _Work())
    for done, key in enumerate(keys, 1):
        release = live.get(pk=key)
        for section, work in zip(sections, works, strict=True):
            _count(release, section, work, holders, today)
        if progress is not None and done % 20 == 0:
            progress("forecast", done, len(keys))
    first = today.replace(day=1)
    months = [add_months(first, number).strftime("%Y-%m") for number in range(MONTHS)]
    return {"months": months, "rows": _rows(*works), "pack": f"{pack.key} {pack.version}",
            "against": f"{pack.key} {policy.active_pack().version}"}  # fmt: skip


def latest_forecast(pack: PackRelease) -> Job | None:
    """The pack's forecast that was worked out last, whoever asked for it."""
    done = Job.objects.filter(kind=JOB, state=JobState.DONE, arguments__pack=str(pack.pk))
    return done.order_by("-ended_at").first()


def _count(
    release: Release, section: ReviewsSection, work: _Work, holders: Holders, today: dt.date
) -> None:
    owed = owed_by(release, section)
    pending = dict(
        Review.objects.filter(release=release, state__in=["planned", "submitted"]).values_list(
            "kind", "package__due_on"
        )
    )
    last = last_done(release, owed.months)
    base = clock.local_day(release.stage_since)
    for key, every in owed.months.items():
        kind = section.kind(key)
        first = pending.get(key) or rules.first_due(
            last.get(key, base), every, today=today, seed=str(release.pk),
            notice_days=rules.notice_days(section.steps(), owed.place),
            spread_days=section.spread_days,
        )  # fmt: skip
        who, number = _whose(release, kind, holders) if kind is not None else (("", ""), 0)
        for day in rules.rounds(max(first, today), every, today, MONTHS):
            month = (day.year - today.year) * 12 + day.month - today.month
            work.add(who, number, month)


def _whose(release: Release, kind: Kind, holders: Holders) -> tuple[tuple[str, str], int]:
    """("person", key) of the owner, or ("role", role) with how many hold one of the roles."""
    owner = release.model_use.model.owner
    if Role.OWNER in kind.lead and owner.is_active:
        return ("person", owner.name), 1
    roles = [role for role in kind.lead if role is not Role.OWNER]
    able = {one for role in roles for one in holders.of(role, release.model_use.entity.path)}
    named = ",".join(role.value for role in roles) or Role.MODEL_RISK.value
    return ("role", named), len(able)


def _rows(before: _Work, after: _Work) -> list[dict[str, Any]]:  # Any: JSON
    """The busiest first."""
    nothing = [0] * MONTHS
    rows = [
        {
            "kind": who[0],
            "who": who[1],
            "people": after.people.get(who, before.people.get(who, 0)),
            "before": before.counts.get(who, nothing),
            "after": after.counts.get(who, nothing),
        }
        for who in before.counts.keys() | after.counts.keys()
    ]
    return sorted(rows, key=lambda row: (-sum(row["after"]), row["kind"], row["who"]))
