"""Looking at a source: one scan at a time, in chunks, and nothing is lost where it fails."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from celery import current_app
from django.db.models import Max
from django.utils.translation import gettext as _

from registry.connectors.shapes import Found, Trouble
from registry.core import clock
from registry.core.alone import alone
from registry.core.errors import Conflict, DomainError
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.discovery import queries
from registry.discovery.models import Scan, ScanReason, ScanState, Seen, Source
from registry.discovery.services.asking import reading, trouble_in_words
from registry.discovery.services.comparing import compare
from registry.discovery.services.telling import tell_of_failures, tell_of_unknown

logger = logging.getLogger(__name__)
JOB = "discovery.scan"
LOCK = 7301022
CHUNK = 500
ALIVE_SECONDS = 10  # between two signs of life; a job without any is taken for lost
SHRUNK = "shrunk"
LEAST_GONE = 3  # things of a list that is not empty, until it has shrunk beyond belief
OVERLAP = dt.timedelta(minutes=2)  # by which a source's clock and its answers may lag

Progress = Callable[[str, int, int], None]


def request_scan(*, actor: User, source: Source) -> Job:
    """A job that looks at the source has been requested.

    Raises Conflict (`closed_already`, `scan_waits`).
    """
    people.require_at(actor, Capability.SCAN_SOURCES, source.entity)
    if not source.is_open:
        raise Conflict("closed_already", _("This source is closed already."))
    told = {"source": str(source.pk), "actor": str(actor.pk)}
    job = jobs.request(actor=actor, kind=JOB, arguments=told)
    if job.arguments != told:
        raise Conflict(
            "scan_waits",
            _("Another scan that you have asked for is not done yet."),
            hint=_("Ask again when it is."),
        )
    return job


def do_job(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:  # Any: JSON
    """The scan that somebody has asked for. Raises DomainError with what went wrong."""
    source = Source.objects.select_related("entity").get(pk=arguments["source"])
    asker = User.objects.get(pk=arguments["actor"])
    row = scan(source=source, reason=ScanReason.BY_HAND, asked_by=asker, progress=progress)
    if row.state == ScanState.FAILED:
        raise DomainError("source_trouble", trouble_in_words(row.trouble, row.detail))
    return {"scan": str(row.pk), "seen": row.seen, "matched": row.matched,
            "opened": row.opened, "gone": row.gone}  # fmt: skip


def wake(*, source: Source) -> None:
    """The source is looked at soon, once however often it calls; a worker is told."""
    waiting = Scan(
        source=source, state=ScanState.WAITING, reason=ScanReason.WEBHOOK, asked_at=clock.now()
    )
    Scan.objects.bulk_create([waiting], ignore_conflicts=True)
    current_app.send_task("registry.scan_sources", retry=False)


def scan_when_due(*, source_id: uuid.UUID) -> Scan | None:
    """The source has been looked at, where it is its turn and nobody else does."""
    reason = dict(queries.due()).get(source_id)
    if reason is None:
        return None
    try:
        source = Source.objects.select_related("entity").get(pk=source_id)
        return scan(source=source, reason=reason)
    except Conflict:
        return None


def scan(
    *, source: Source, reason: str, asked_by: User | None = None, progress: Progress | None = None
) -> Scan:
    """The source has been looked at and compared, or the scan has failed and says why.

    Where it fails, what was known stays: nothing counts as missing. Raises Conflict
    (`scan_runs_already`) while another one runs.
    """
    with _alone(source):
        row = _begin(source, reason, asked_by)
        try:
            with reading(source, is_whole=row.is_whole) as found:
                _take(row, found, progress or _quietly)
        except Trouble as trouble:
            _fail(row, trouble.code, trouble.detail)
        except DomainError as refusal:
            _fail(row, "sealed" if refusal.code == "sealed" else refusal.code[:20])
        except BaseException:
            _fail(row, "interrupted")
            raise
        return row


def take_in(*, source: Source, found: Iterable[Found], reason: str = ScanReason.BY_HAND) -> Scan:
    """What somebody has read of the source is taken in as a whole list."""
    with _alone(source):
        row = _begin(source, reason, None)
        _take(row, found, _quietly)
        return row


def _quietly(stage: str, done: int, total: int) -> None:
    """Nobody watches."""


@contextmanager
def _alone(source: Source) -> Iterator[None]:
    """Nobody else looks at the source. Raises Conflict."""
    with alone(LOCK, source.pk) as is_alone:
        if not is_alone:
            raise Conflict(
                "scan_runs_already",
                _("“%(name)s” is being looked at already.") % {"name": source.name},
                hint=_("Ask again when that scan has ended."),
            )
        yield


def _begin(source: Source, reason: str, asked_by: User | None) -> Scan:
    """The scan runs: the one that waited, else a new one. One that its worker left has failed."""
    now = clock.now()
    Scan.objects.filter(source=source, state=ScanState.RUNNING).update(
        state=ScanState.FAILED, ended_at=now, trouble="interrupted"
    )
    is_whole = reason != ScanReason.LOOK
    row = Scan.objects.filter(source=source, state=ScanState.WAITING).first() if is_whole else None
    if row is None:
        row = Scan(source=source, reason=reason, asked_by=asked_by, asked_at=now)
    row.source = source
    row.state, row.started_at, row.is_whole = ScanState.RUNNING, now, is_whole
    row.save()
    return row


def _take(row: Scan, found: Iterable[Found], progress: Progress) -> None:
    """Everything found is kept, then compared; the scan is done.

    A list that has shrunk beyond belief fails, unless a look before this one has shown the same.
    """

    def alive() -> None:
        progress("seen", row.seen, 0)

    known = Seen.objects.filter(source=row.source, is_there=True).count()
    for chunk in _chunks(found, alive):
        row.seen += _keep(row, chunk)
        progress("seen", row.seen, 0)
    if row.is_whole:
        there = Seen.objects.filter(source=row.source, is_there=True)
        if _has_shrunk(row, known) and not _is_seen_again(row):
            _fail(row, SHRUNK, f"{known} → {row.seen}")
            return
        there.exclude(scan=row).update(is_there=False)
    unknown = compare(row, progress)
    newest = Seen.objects.filter(source=row.source).aggregate(at=Max("updated_at"))["at"]
    row.watermark = min(newest, row.started_at or newest) - OVERLAP if newest else None
    row.state, row.ended_at = ScanState.DONE, clock.now()
    row.save()
    tell_of_unknown(row, unknown)


def _has_shrunk(row: Scan, known: int) -> bool:
    """Whether the whole list is none, or less than half of what was there (and by some things)."""
    gone = known - row.seen
    return known > 0 and (row.seen == 0 or (gone >= LEAST_GONE and row.seen * 2 < known))


def _is_seen_again(row: Scan) -> bool:
    """Whether a look since the last good one has shown as little: a person looks again, or an hour
    has passed in which the other system could recover.
    """
    ended = Scan.objects.filter(source=row.source, is_whole=True, ended_at__isnull=False)
    good = ended.filter(state=ScanState.DONE).aggregate(at=Max("ended_at"))["at"]
    alike = ended.filter(trouble=SHRUNK, seen__lte=row.seen * 2)
    alike = alike.filter(ended_at__gte=good) if good else alike
    if row.reason != ScanReason.BY_HAND:
        alike = alike.filter(ended_at__lte=clock.now() - queries.LOOK_EVERY)
    return alike.exists()


def _chunks(found: Iterable[Found], alive: Callable[[], None]) -> Iterator[list[Found]]:
    """The things in lists of bounded length, as they come.

    A source may take a question for each of them: whoever waits is told that they still come.
    """
    chunk: list[Found] = []
    told_at = time.monotonic()
    for one in found:
        chunk.append(one)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
        if time.monotonic() - told_at > ALIVE_SECONDS:
            alive()
            told_at = time.monotonic()
    if chunk:
        yield chunk


def _keep(row: Scan, chunk: Iterable[Found]) -> int:
    """The chunk is what the source shows now; one statement. Returns how many things it holds."""
    now = clock.now()
    told = {
        (one.name, one.version): Seen(
            source=row.source, name=one.name, version=one.version, digest=one.digest,
            words=list(one.words), runs=one.runs, endpoint=one.endpoint, url=one.url[:1_000],
            updated_at=one.updated_at, raw=dict(one.raw), first_seen=now, last_seen=now, scan=row,
        )
        for one in chunk
    }  # fmt: skip
    Seen.objects.bulk_create(
        told.values(),
        update_conflicts=True,
        unique_fields=["source", "name", "version"],
        update_fields=["digest", "words", "runs", "endpoint", "url", "updated_at", "raw",
                       "last_seen", "scan", "is_there"],
    )  # fmt: skip
    return len(told)


def _fail(row: Scan, trouble: str, detail: str = "") -> None:
    logger.info("the scan of %s has failed: %s %s", row.source.name, trouble, detail)
    row.state, row.ended_at = ScanState.FAILED, clock.now()
    row.trouble, row.detail = trouble, detail[:300]
    row.save()
    tell_of_failures(row)
