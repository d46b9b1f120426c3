"""Reading legal clocks."""

from __future__ import annotations

from django.db import models
from django.db.models import Count, Q

from governance.clocks.models import Clock
from governance.clocks.schema import ClockKind, ClocksSection
from registry.catalogue.queries import may_be_seen
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import standing, within_reach
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease


def section_of(pack: PackRelease) -> ClocksSection:
    """The pack's section on clocks; a pack from before there was one has none."""
    found = policy.section(pack, "clocks")
    assert isinstance(found, ClocksSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def active_section() -> ClocksSection:
    """The section of the pack in force."""
    return section_of(policy.active_pack())


def kind_of(row: Clock) -> ClockKind | None:
    """The clock's kind as the policy under which it was started tells it."""
    return section_of(row.pack).kind(row.kind)


def visible_to(user: User) -> models.QuerySet[Clock]:
    """Clocks of the releases the person may see, and those of the entities they reach."""
    of_release = Q(release__isnull=False) & may_be_seen(user, "release__model_use__model__")
    return Clock.objects.filter(of_release | (Q(release=None) & within_reach(user, "entity")))


def whole(queryset: models.QuerySet[Clock]) -> models.QuerySet[Clock]:
    """With what nearly every reader needs, in one statement; the pack's files when asked for."""
    found = queryset.select_related(
        "entity", "pack", "started_by", "ended_by", "document",
        "release__model_use__model__owner", "release__model_use__entity",
    )  # fmt: skip
    return found.defer("pack__content")


def running(user: User) -> models.QuerySet[Clock]:
    """The running clocks that the person may see, the next to run out first."""
    return whole(visible_to(user).filter(state="running")).order_by("due_at", "pk")


def mine(user: User) -> list[Clock]:
    """The running clocks that the person's roles complete."""
    section = active_section()
    own = Q(pk__in=[])
    for role, path in sorted(standing(user).roles):
        kinds = [one.key for one in section.clocks if role in one.lead]
        own |= Q(kind__in=kinds, entity__path__startswith=path)
    return list(running(user).filter(own)[:200])


def counted() -> tuple[int, int]:
    """How many clocks run, and how many of these have run out; one statement."""
    running = Clock.objects.filter(state="running")
    found = running.aggregate(all=Count("pk"), over=Count("pk", filter=Q(due_at__lt=clock.now())))
    return found["all"], found["over"]
