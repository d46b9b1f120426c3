"""The registry's Celery tasks: each calls one service."""

import contextlib
import uuid

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from registry.classification import services as classification
from registry.core import clock
from registry.core.calendars import queries as calendars
from registry.core.dispatch import services as dispatch
from registry.core.jobs import services as jobs
from registry.core.ledger import services as ledger
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.discovery import queries as sources
from registry.discovery import services as discovery

SCAN_STALE_SECONDS = 50  # beat wakes the next one by then


@shared_task(name="registry.dispatch")
def run_dispatcher() -> None:
    """Every reaction sees what has been committed."""
    dispatch.run()


@shared_task(name="registry.anchor")
def anchor_ledger() -> None:
    """The head is anchored when it is due."""
    ledger.anchor_when_due()


@shared_task(name="registry.run_job")
def run_job(job_id: str) -> None:
    """The job is done, or has failed with its reason."""
    jobs.run(uuid.UUID(job_id))


@shared_task(name="registry.sweep_jobs")
def sweep_jobs() -> None:
    """Jobs that nobody does are woken again."""
    jobs.sweep()


@shared_task(name="registry.deliver")
def deliver_digests() -> None:
    """What lies unread in the inboxes has gone out by e-mail, once a working day."""
    calendar = calendars.working_days(settings.CALENDAR)
    notices.deliver(is_working_day=calendar.holds(clock.today()))


@shared_task(name="registry.post", soft_time_limit=50, time_limit=70)
def post_over_channels() -> None:
    """What people were told has gone out over the channels: robots, webhooks, to-do lists."""
    calendar = calendars.working_days(settings.CALENDAR)
    with contextlib.suppress(SoftTimeLimitExceeded):  # what is left waits for its next attempt
        notices.post(is_working_day=calendar.holds(clock.today()))


@shared_task(name="registry.end_overrides")
def end_overrides() -> None:
    """Lowered tiers whose last day has passed rise again."""
    classification.end_expired_overrides(actor=people.system())


@shared_task(name="registry.scan_sources")
def scan_sources() -> None:
    """Sources whose turn it is are looked at, each by a worker's task of its own."""
    for source_id, _reason in sources.due():
        scan_source.apply_async((str(source_id),), expires=SCAN_STALE_SECONDS)


@shared_task(name="registry.prune_scans")
def prune_scans() -> None:
    """What sources showed long ago is kept no more."""
    discovery.prune()


@shared_task(name="registry.scan_source", soft_time_limit=600, time_limit=660)
def scan_source(source_id: str) -> None:
    """The source has been looked at; a dead or slow one holds up nobody else."""
    with contextlib.suppress(SoftTimeLimitExceeded):  # the scan says that it was interrupted
        discovery.scan_when_due(source_id=uuid.UUID(source_id))
