"""Reading jobs."""

from __future__ import annotations

from django.db.models import QuerySet

from registry.core.jobs.models import Job
from registry.core.people.models import User


def visible_to(user: User) -> QuerySet[Job]:
    """One's own jobs."""
    return Job.objects.filter(requested_by=user)
