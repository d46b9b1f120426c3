"""Threads that begin together, each on a connection of its own, in a database of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from celery import Celery
from django.db import connections

from registry.core.errors import DomainError
from tests import conftest, story

Outcome = object | BaseException


def together(*verbs: Callable[[], object]) -> list[Outcome]:
    """What each verb returned or raised, all begun at the same moment. A hang fails the test."""
    barrier = threading.Barrier(len(verbs))
    outcomes: list[Outcome] = [None] * len(verbs)

    def run(index: int, verb: Callable[[], object]) -> None:
        try:
            connections["default"].ensure_connection()
            barrier.wait(timeout=20)
            outcomes[index] = verb()
        except BaseException as error:  # noqa: BLE001 (the outcome is the answer)
            outcomes[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index, verb)) for index, verb in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return outcomes


def codes(outcomes: Sequence[Outcome]) -> list[str]:
    """ "done", or the code of the refusal, sorted; any other error fails the test."""
    told = []
    for outcome in outcomes:
        if isinstance(outcome, DomainError):
            told.append(outcome.code)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            told.append("done")
    return sorted(told)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is woken: these tests commit, and the broker is not theirs."""
    monkeypatch.setattr(Celery, "send_task", lambda *args, **kwargs: None)


@pytest.fixture(scope="session")
def prepared(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The world with a release whose approval is open."""

    def tell() -> None:
        story.to_approval(story.register())

    with django_db_blocker.unblock(), conftest.told(conftest.WORLD, tell) as name:
        yield name


@pytest.fixture
def shared(prepared: str, django_db_blocker: Any) -> Iterator[str]:
    """A copy of it, in which commits are real."""
    with django_db_blocker.unblock(), conftest.copy_of(prepared) as name:
        yield name
