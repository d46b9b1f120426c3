"""Jobs' verbs. A job that was lost with its worker is picked up again by the sweep."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation

from registry.core import clock
from registry.core.errors import DomainError
from registry.core.jobs.models import Job, JobState
from registry.core.people.models import User
from registry.core.web.wording import whole_text

logger = logging.getLogger(__name__)
LOST_AFTER_SECONDS = 120
MOST_ATTEMPTS = 3

Progress = Callable[[str, int, int], None]
Work = Callable[[dict[str, Any], Progress], dict[str, Any]]  # Any: JSON
_work: dict[str, Work] = {}


def declare(kind: str, work: Work) -> None:
    """Jobs of this kind are done by this function; called when the apps are ready."""
    _work[kind] = work


def request(*, actor: User, kind: str, arguments: dict[str, Any]) -> Job:  # Any: JSON
    """The job is queued; a worker takes it, at the latest at the next sweep.

    One that the person has asked for and that is not done yet is returned instead.
    """
    if kind not in _work:
        raise ValueError(f"No work is declared for {kind}.")
    with transaction.atomic():
        # One at a time for each person and kind of work: nobody queues the workers full.
        User.objects.select_for_update().get(pk=actor.pk)
        open_ = Job.objects.filter(
            kind=kind, requested_by=actor, state__in=[JobState.QUEUED, JobState.RUNNING]
        ).first()
        if open_ is not None:
            return open_
        job = Job.objects.create(
            kind=kind, arguments=arguments, requested_by=actor, requested_at=clock.now()
        )
        transaction.on_commit(lambda: wake(job.pk), robust=True)
    return job


def wake(job_id: uuid.UUID) -> None:
    """A worker is told; if the broker is away, the sweep will do."""
    current_app.send_task("registry.run_job", args=[str(job_id)], retry=False)


def run(job_id: uuid.UUID) -> None:
    """The job has been done, or has failed with its reason. Runs once at a time.

    A refusal (DomainError) stands in the asker's language, its code and field in the result.
    """
    job = _claim(job_id)
    if job is None:
        return

    def progress(stage: str, done: int, total: int) -> None:
        Job.objects.filter(pk=job_id).update(
            stage=stage, done=done, total=total, beat_at=clock.now()
        )

    with translation.override(job.requested_by.language or settings.LANGUAGE_CODE):
        _do(job, progress)


def _do(job: Job, progress: Progress) -> None:
    try:
        result = _work[job.kind](job.arguments, progress)
    except DomainError as refusal:  # told to whoever asked, as a door would tell it
        logger.info("job %s (%s) was refused: %s", job.pk, job.kind, refusal.code)
        told = {"refused": refusal.code, "field": refusal.field}
        _end(job.pk, JobState.FAILED, result=told, error=whole_text(refusal))
    except Exception as error:  # any failure is the job's result
        logger.exception("job %s (%s) failed", job.pk, job.kind)
        _end(job.pk, JobState.FAILED, error=f"{type(error).__name__}: {error}")
    else:
        _end(job.pk, JobState.DONE, result=result)


def sweep() -> int:
    """Queued jobs and jobs whose worker died are woken again; returns how many."""
    lost = clock.now() - dt.timedelta(seconds=LOST_AFTER_SECONDS)
    waiting = Job.objects.filter(
        Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, beat_at__lt=lost)
    ).values_list("pk", flat=True)[:100]
    for job_id in waiting:
        wake(job_id)
    return len(waiting)


def _claim(job_id: uuid.UUID) -> Job | None:
    lost = clock.now() - dt.timedelta(seconds=LOST_AFTER_SECONDS)
    with transaction.atomic():
        job = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id).first()
        alive = job is not None and job.beat_at is not None and job.beat_at >= lost
        if job is None or job.state in (JobState.DONE, JobState.FAILED):
            return None
        if job.state == JobState.RUNNING and alive:
            return None
        job.attempts += 1
        job.beat_at = clock.now()
        job.state = JobState.RUNNING if job.attempts <= MOST_ATTEMPTS else JobState.FAILED
        if job.state == JobState.FAILED:
            job.error = "The worker died three times."
            job.ended_at = clock.now()
        job.save()
        return job if job.state == JobState.RUNNING else None


def _end(
    job_id: uuid.UUID,
    state: JobState,
    *,
    result: dict[str, Any] | None = None,  # Any: JSON
    error: str = "",
) -> None:
    Job.objects.filter(pk=job_id).update(
        state=state, result=result, error=error[:2_000], ended_at=clock.now()
    )
