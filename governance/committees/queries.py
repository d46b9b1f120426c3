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
    """Who sits on the committee today, by person or by post; a vacant post has no member."""
    seats = (
        Seat.objects.filter(on_duty(), committee__code=body_code)
        .select_related("user", "post")
        .order_by("name", "pk")
    )
    found = []
    for seat in seats:
        holder = seat.user or (people.holder_of_post(seat.post_id) if seat.post_id else None)
        if holder is not None and holder.is_active:
            found.append(Member(seat, holder))
    return found


def visible_seats(user: User) -> models.QuerySet[Seat]:
    """The seats of the committees within the person's reach."""
    return Seat.objects.filter(committee__in=visible_to(user).values("pk"))


def is_barred(user_id: uuid.UUID, release: Release) -> bool:
    """Whether segregation of duties keeps the person from deciding: the database's own answer.

    Owners, developers, validators, whoever stands in for one of them today, vendor staff,
    machines, technical administrators and people who have left.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mingce_may_not_decide(%s, %s, %s)", (user_id, release.pk, clock.today())
        )
        (barred,) = cursor.fetchone()
    return bool(barred)


def is_interested(user: User, release: Release) -> bool:
    """Whether the person owns or has built what the release is of, or is no deciding person.

    Unlike `is_barred` it lets the validator through, who may confirm that a finding is mended.
    """
    use = release.model_use
    built = release.version is not None and release.version.developers.filter(user=user).exists()
    owns = user.pk in (use.model.owner_id, use.use_case.owner_id)
    return (
        owns or built or user.kind != UserKind.PERSON or user.is_superuser or user.is_vendor_staff
    )
