"""Reading what waits: the objects whose reactions have failed too often."""

from __future__ import annotations

from django.db import models

from registry.core.dispatch.models import Held
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability


def visible_to(user: User) -> models.QuerySet[Held]:
    """The parked objects, for administrators; nobody else's business."""
    parked = Held.objects.exclude(parked_at=None)
    everywhere = standing(user).may_everywhere(Capability.MANAGE_PEOPLE)
    return parked if everywhere else parked.none()
