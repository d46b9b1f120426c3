"""Reading the inbox."""

from __future__ import annotations

from django.db.models import QuerySet

from registry.core.notices.models import Notice
from registry.core.people.models import User


def visible_to(user: User) -> QuerySet[Notice]:
    """One's own notices."""
    return Notice.objects.filter(user=user)
