"""Reading systems."""

from __future__ import annotations

from django.db import models

from registry.core.people.models import User
from registry.core.people.queries import within_reach
from registry.systems.models import System


def visible_to(user: User) -> models.QuerySet[System]:
    """The systems of the entities within the person's reach."""
    return System.objects.filter(within_reach(user, "entity"))
