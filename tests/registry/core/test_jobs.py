"""Jobs: how far they are, what came of them, and what happens when their worker dies."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from registry.core import clock
from registry.core.errors import DomainError
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job, JobState
from registry.core.people import services as people
from tests.world import person

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
LOST = dt.timedelta(seconds=jobs.LOST_AFTER_SECONDS + 1)


class Broker:
    """What the broker is told, and whether it is away."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.is_away = False

    def send(self, celery: Celery, name: str, args: list[str], **options: Any) -> None:
        if self.is_away:
            raise ConnectionError
        assert name == "registry.run_job"
        self.told += args


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """The broker as this test sees it; failures are not printed."""
    found = Broker()
    monkeypatch.setattr(jobs, "_work", {})
    monkeypatch.setattr(
        Celery,
        "send_task",
        lambda self, name, args=(), **rest: found.send(self, name, args, **rest),
    )
    logging.disable(logging.ERROR)
    yield found
    logging.disable(logging.NOTSET)


def requested(kind: str = "count", **arguments: Any) -> Job:
    return jobs.request(actor=person("shen"), kind=kind, arguments=arguments)


def now(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def count(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
    """Tells how far it is, four times."""
    for done in range(arguments["upto"]):
        progress("counting", done + 1, arguments["upto"])
    return {"counted": arguments["upto"]}


def fail(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
    """Fails on its way."""
    progress("counting", 1, 4)
    raise ZeroDivisionError("nothing to divide by")


def test_a_job_is_queued_and_its_worker_is_told_after_commit(
    broker: Broker, django_capture_on_commit_callbacks: Any
) -> None:
    jobs.declare("count", count)
    with django_capture_on_commit_callbacks(execute=True):
        job = requested(upto=4)
        assert broker.told == []
    assert broker.told == [str(job.pk)]
    assert (now(job).state, now(job).percent, now(job).requested_by) == (
        JobState.QUEUED,
        0,
        person("shen"),
    )


def test_an_unknown_kind_of_work_is_refused(broker: Broker) -> None:
    with pytest.raises(ValueError, match="No work is declared for fly."):
        requested("fly")
    assert Job.objects.count() == 0


def test_a_job_is_done_with_its_result(broker: Broker) -> None:
    jobs.declare("count", count)
    job = requested(upto=4)
    with clock.at(NOON):
        jobs.run(job.pk)
    done = now(job)
    assert (done.state, done.result, done.error, done.attempts) == (
        JobState.DONE,
        {"counted": 4},
        "",
        1,
    )
    assert (done.stage, done.done, done.total, done.percent) == ("counting", 4, 4, 100)
    assert (done.beat_at, done.ended_at) == (NOON, NOON)


def test_a_job_that_runs_tells_how_far_it_is(broker: Broker) -> None:
    percents: list[int] = []

    def watched(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        for done in (1, 2, 4):
            progress("counting", done, 4)
            percents.append(Job.objects.get().percent)
        return {}

    jobs.declare("watched", watched)
    jobs.run(requested("watched").pk)
    assert percents == [25, 50, 99]  # a hundred only when it is done


def test_a_job_that_fails_says_why_and_is_not_tried_again(broker: Broker) -> None:
    jobs.declare("fail", fail)
    job = requested("fail")
    jobs.run(job.pk)
    jobs.run(job.pk)
    failed = now(job)
    assert (failed.state, failed.error, failed.result, failed.attempts) == (
        JobState.FAILED,
        "ZeroDivisionError: nothing to divide by",
        None,
        1,
    )
    assert (failed.percent, jobs.sweep(), broker.told) == (25, 0, [])


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Too late. Come earlier."), ("zh-hans", "文件为空。 Come earlier.")],
)
def test_a_job_that_is_refused_says_why_in_the_askers_language(
    broker: Broker, language: str, words: str
) -> None:
    """As a door would: message and way out in words, code and field for machines."""
    message = {"en": "Too late.", "zh-hans": "The file is empty."}[language]

    def refuse(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        raise DomainError("too_late", message, field="day", hint="Come earlier.")

    people.set_preferences(actor=person("shen"), language=language, time_zone="")
    jobs.declare("refuse", refuse)
    job = requested("refuse")
    jobs.run(job.pk)
    failed = now(job)
    assert (failed.state, failed.error, failed.result) == (
        JobState.FAILED,
        words,
        {"refused": "too_late", "field": "day"},
    )


def test_what_is_done_is_not_done_again(broker: Broker) -> None:
    jobs.declare("count", count)
    job = requested(upto=1)
    jobs.run(job.pk)
    jobs.run(job.pk)
    assert (now(job).attempts, jobs.sweep()) == (1, 0)


def test_a_job_that_does_not_exist_is_nobodys(broker: Broker) -> None:
    jobs.run(uuid.UUID(int=5))
    assert Job.objects.count() == 0


def running(kind: str = "count", **arguments: Any) -> Job:
    """A job whose worker took it at noon and said nothing since."""

    def die(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        raise SystemExit  # the worker is killed: nothing is recorded

    jobs.declare(kind, die)
    job = requested(kind, **arguments)
    with clock.at(NOON), pytest.raises(SystemExit):
        jobs.run(job.pk)
    assert now(job).state == JobState.RUNNING
    return job


@pytest.mark.parametrize(
    ("name", "seconds", "attempts"),
    [("its worker may be alive", 120, 1), ("its worker is lost", 121, 2)],
)
def test_a_job_that_runs_is_taken_over_only_from_a_lost_worker(
    name: str, seconds: int, attempts: int, broker: Broker
) -> None:
    job = running(upto=1)
    jobs.declare("count", count)
    with clock.at(NOON + dt.timedelta(seconds=seconds)):
        assert jobs.sweep() == attempts - 1
        jobs.run(job.pk)
    assert (now(job).attempts, now(job).state) == (
        attempts,
        JobState.DONE if attempts == 2 else JobState.RUNNING,
    )


def test_a_job_whose_worker_died_three_times_has_failed(broker: Broker) -> None:
    job = running()
    for attempt in (2, 3):
        with clock.at(NOON + (attempt - 1) * LOST), pytest.raises(SystemExit):
            jobs.run(job.pk)
        assert (now(job).attempts, now(job).state) == (attempt, JobState.RUNNING)
    with clock.at(NOON + 3 * LOST):
        jobs.run(job.pk)
    failed = now(job)
    assert (failed.state, failed.error) == (JobState.FAILED, "The worker died three times.")
    assert failed.ended_at == NOON + 3 * LOST
    with clock.at(NOON + 9 * LOST):
        assert jobs.sweep() == 0


def test_the_sweep_wakes_what_waits(broker: Broker) -> None:
    jobs.declare("count", count)
    first = requested(upto=1)
    second = jobs.request(actor=person("jian"), kind="count", arguments={"upto": 1})
    assert jobs.sweep() == 2
    assert sorted(broker.told) == sorted([str(first.pk), str(second.pk)])


def test_a_person_has_one_job_of_a_kind_at_a_time(broker: Broker) -> None:
    """Nobody queues the workers full: asking again leads to the job that waits."""
    jobs.declare("count", count)
    first = requested(upto=1)
    assert requested(upto=2) == first
    jobs.run(first.pk)
    assert requested(upto=2) != first


def test_while_the_broker_is_away_a_job_waits_for_the_sweep(
    broker: Broker, django_capture_on_commit_callbacks: Any
) -> None:
    jobs.declare("count", count)
    broker.is_away = True
    with django_capture_on_commit_callbacks(execute=True):
        job = requested(upto=1)
    assert (now(job).state, broker.told) == (JobState.QUEUED, [])
    broker.is_away = False
    jobs.sweep()
    assert broker.told == [str(job.pk)]
