"""Reading committees."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connection, models

from governance.committees.models import Committee, Resolution, Seat
from registry.core import clock
from registry.core.people import queries as people
from registry.core.people.models import User, UserKind
from registry.core.people.queries import on_duty, within_reach
from registry.releases.models import Release


@dataclass(frozen=True)
class Member:
    """A seat with the person who holds it today."""

    seat: Seat
    user: User


def visible_to(user: User) -> models.QuerySet[Committee]:
    """The committees of the entities within the person's reach."""
    return Committee.objects.filter(within_reach(user, "entity"))


def visible_resolutions(user: User) -> models.QuerySet[Resolution]:
    """The resolutions of those committees."""
    return Resolution.objects.filter(body_code__in=visible_to(user).values("code"))


def members(body_code: str) -> list[Member]:
    """Who sits on the committee today, by person or by post; a vacant post has no member.

    Whoever came to hold two seats (by a post) has one voice: that of the seat with a name.
    """
    seats = (
        Seat.objects.filter(on_duty(), committee__code=body_code)
        .select_related("user", "post")
        .order_by("-name", "pk")
    )
    found: dict[uuid.UUID, Member] = {}
    for seat in seats:
        holder = seat.user or (people.holder_of_post(seat.post_id) if seat.post_id else None)
        if holder is not None and holder.is_active:
            found.setdefault(holder.pk, Member(seat, holder))
    return sorted(found.values(), key=lambda member: (member.seat.name, member.seat.pk))


def visible_seats(user: User) -> models.QuerySet[Seat]:
    """The seats of the committees within the person's reach."""
    return Seat.objects.filter(committee__in=visible_to(user).values("pk"))


def is_barred(user_id: uuid.UUID, release: Release) -> bool:
    """Whether segregation of duties keeps the person from deciding: the database's own answer.

    Owners (of today, or since the release was opened), developers, validators, whoever stands in
    for one of them today, the third line, vendor staff, machines, administrators and people who
    have left.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mingce_may_not_decide(%s, %s, %s)", (user_id, release.pk, clock.today())
        )
        (barred,) = cursor.fetchone()
    return bool(barred)


def is_interested(user: User, release: Release) -> bool:
    """Whether the person owns (or since its opening owned) or has built what the release is of.

    So are machines, technical administrators and vendor staff. Unlike `is_barred` it lets the
    validator through, who may confirm that a finding is mended.
    """
    if user.kind != UserKind.PERSON or user.is_superuser or user.is_vendor_staff:
        return True
    return has_made(user, release)


def has_made(user: User, release: Release) -> bool:
    """Whether the person owns (or since its opening owned) or has built what the release is of."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mingce_owns_or_built(%s, %s)", (user.pk, release.pk))
        (made,) = cursor.fetchone()
    return bool(made)
