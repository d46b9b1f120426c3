"""Reading attestation campaigns: who has confirmed, by department; what is mine to confirm."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q

from governance.reviews import queries
from governance.reviews.models import Campaign, Review
from registry.core.people.models import Department, User
from registry.core.people.queries import within_reach


@dataclass(frozen=True)
class Progress:
    """How far a department is. confirmed: signed or waiting for it; excepted: with findings."""

    department: Department | None
    total: int
    confirmed: int
    excepted: int
    waiting: int
    signed: int

    @property
    def percent(self) -> int:
        """How much is answered, in percent."""
        return round(100 * (self.total - self.waiting) / self.total) if self.total else 100


def visible_campaigns(user: User) -> models.QuerySet[Campaign]:
    """Campaigns of the entities within reach, and those in which the person has a row."""
    own = Review.objects.filter(campaign=OuterRef("pk"), release__model_use__model__owner=user)
    reach = within_reach(user, "entity")
    if not reach:  # everything: an empty condition would vanish beside another
        return Campaign.objects.all()
    return Campaign.objects.filter(reach | Q(Exists(own)))


def rows_of(campaign: Campaign, user: User) -> models.QuerySet[Review]:
    """The campaign's rows that the person may see."""
    return queries.visible_reviews(user).filter(campaign=campaign)


def to_confirm(user: User) -> models.QuerySet[Review]:
    """The rows of open campaigns that wait for the person's own word."""
    return queries.visible_reviews(user).filter(
        campaign__state="open", state="planned", release__model_use__model__owner=user
    )


def to_sign_together(campaign: Campaign, user: User) -> models.QuerySet[Review]:
    """The confirmed rows that the person may sign at once: those in order alone."""
    plain = [one.key for one in queries.active_section().outcomes if one.effect == "none"]
    return queries.to_sign(user).filter(campaign=campaign, outcome__in=plain)


def progress(campaign: Campaign, user: User) -> list[Progress]:
    """Each department's progress, as far as the person sees its rows; two statements."""
    plain = [one.key for one in queries.active_section().outcomes if one.effect == "none"]
    answered = Q(state__in=["submitted", "signed_off"])
    counted = (
        rows_of(campaign, user)
        .exclude(state="cancelled")
        .values_list("release__model_use__model__department")
        .annotate(
            total=Count("pk"),
            confirmed=Count("pk", filter=answered & Q(outcome__in=plain)),
            excepted=Count("pk", filter=answered & ~Q(outcome__in=plain)),
            waiting=Count("pk", filter=Q(state="planned")),
            signed=Count("pk", filter=Q(state="signed_off")),
        )
        .order_by("release__model_use__model__department__code")
    )
    rows = list(counted)
    known = Department.objects.in_bulk([row[0] for row in rows if row[0] is not None])
    return [Progress(known.get(row[0]), *row[1:]) for row in rows]
