"""Reading jobs."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from registry.core.jobs.models import Job, JobState
from registry.core.people.models import User


def visible_to(user: User) -> QuerySet[Job]:
    """One's own jobs."""
    return Job.objects.filter(requested_by=user)


def by_state() -> dict[str, int]:
    """State → how many jobs; one statement."""
    counted = Job.objects.order_by().values_list("state").annotate(Count("pk"))
    return dict.fromkeys(JobState.values, 0) | dict(counted)
