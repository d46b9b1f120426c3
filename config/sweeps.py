"""When each of beat's sweeps last ended, and how: kept in the broker, told by `/metrics`.

A mark that is lost with the broker comes back with the next run; nothing is decided by it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
from celery import current_app, signals, states
from django.conf import settings

from registry.core import clock

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 1.0  # to connect, and for each answer; nothing is tried twice
UNACKNOWLEDGED = "unacked"  # where Celery keeps what workers have taken and not finished
_begun: dict[str, float] = {}


@dataclass(frozen=True)
class Mark:
    """The last run of a sweep: how long ago it ended, how long it took; how many went how."""

    age_seconds: float
    seconds: float
    succeeded: int
    failed: int


@dataclass(frozen=True)
class Queues:
    """What the broker holds: queue → messages, those that workers have taken, sweep → mark."""

    messages: dict[str, int]
    unacknowledged: int
    marks: dict[str, Mark]


def intervals() -> dict[str, float]:
    """Task → seconds between two of beat's wake-ups."""
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE  # Any: Celery's
    return {one["task"]: float(one["schedule"]) for one in schedule.values()}


def queues() -> Queues:
    """What the broker holds now. Raises redis.RedisError where it does not answer in time."""
    names, tasks = sorted(current_app.amqp.queues), list(intervals())
    with broker() as client, client.pipeline(transaction=False) as asked:
        for name in names:
            asked.llen(name)
        for task in tasks:
            asked.hgetall(_key(task))
        asked.hlen(UNACKNOWLEDGED)
        *answers, unacknowledged = asked.execute()
    told = zip(tasks, answers[len(names) :], strict=True)
    return Queues(
        messages=dict(zip(names, answers, strict=False)),
        unacknowledged=unacknowledged,
        marks={task: _mark(kept) for task, kept in told if kept},
    )


@contextmanager
def broker() -> Iterator[redis.Redis]:
    """A connection of its own to the broker, which waits for nothing long."""
    with redis.Redis.from_url(
        _address(settings.REDIS_URL),
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        decode_responses=True,
    ) as client:
        yield client


def _address(url: str) -> str:
    """As the client writes it: Celery says redis+socket and virtual_host where it says unix, db."""
    parts = urlsplit(url)
    if parts.scheme != "redis+socket":
        return url
    (number,) = parse_qs(parts.query).get("virtual_host", ["0"])
    return f"unix://{parts.netloc}{parts.path}?db={number}"


def _key(task: str) -> str:
    return f"mingce:sweep:{task}"


def _mark(kept: dict[str, str]) -> Mark:
    return Mark(
        age_seconds=max(0.0, clock.now().timestamp() - float(kept["ended_at"])),
        seconds=float(kept["seconds"]),
        succeeded=int(kept.get("succeeded", 0)),
        failed=int(kept.get("failed", 0)),
    )


@signals.task_prerun.connect
def begin(task_id: str, task: Any, **_told: Any) -> None:  # Any: Celery's
    """The run's time counts from here."""
    if task.name in intervals():
        _begun[task_id] = time.monotonic()


@signals.task_postrun.connect
def end(task_id: str, task: Any, state: str = "", **_told: Any) -> None:  # Any: Celery's
    """The run of a sweep is marked; where the broker is away it is not, and nobody minds."""
    begun = _begun.pop(task_id, None)
    if begun is None:
        return
    key, outcome = _key(task.name), "succeeded" if state == states.SUCCESS else "failed"
    seconds = round(time.monotonic() - begun, 3)
    try:
        with broker() as client, client.pipeline(transaction=True) as kept:
            kept.hset(key, mapping={"ended_at": clock.now().timestamp(), "seconds": seconds})
            kept.hincrby(key, outcome, 1)
            kept.execute()
    except redis.RedisError as error:
        logger.warning("the run of %s is not marked: %s", task.name, error)
