"""Reading the inbox."""

from __future__ import annotations

from django.db.models import QuerySet

from registry.core.notices.models import Delivery, Notice
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability


def visible_to(user: User) -> QuerySet[Notice]:
    """One's own notices."""
    return Notice.objects.filter(user=user)


def visible_deliveries(user: User) -> QuerySet[Delivery]:
    """One's own digests; for administrators of the whole institution everybody's."""
    if standing(user).may_everywhere(Capability.MANAGE_PEOPLE):
        return Delivery.objects.all()
    return Delivery.objects.filter(user=user)
