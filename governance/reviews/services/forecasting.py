"""Asking for a forecast of the work that a policy pack would make."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from governance.reviews.queries.owing import JOB
from registry.core.errors import Conflict, DomainError
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.people.models import User
from registry.core.people.queries import require_everywhere
from registry.core.people.rules import Capability
from registry.core.policy.models import PackRelease


def request_forecast(*, actor: User, pack_id: uuid.UUID) -> Job:
    """The reviews of a year by person and month are worked out; poll the job."""
    require_everywhere(actor, Capability.MANAGE_POLICY)
    if not PackRelease.objects.filter(pk=pack_id).exists():
        raise DomainError("unknown_pack", "There is no such policy pack.", field="pack")
    job = jobs.request(actor=actor, kind=JOB, arguments={"pack": str(pack_id)})
    if job.arguments != {"pack": str(pack_id)}:
        raise Conflict("forecast_runs", _("Another forecast of yours has not ended yet."))
    return job
