"""Reading committees."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

from governance.committees.models import Committee, Resolution, Seat
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.queries import on_duty, within_reach


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
