"""A worker is killed and the broker forgets everything: no reaction is lost, none happens twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.suspensions.models import Order
from registry.core.dispatch import services as dispatch
from registry.core.dispatch.models import Held
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from registry.releases import services as releases
from tests import story
from tests.faults.processes import LEDGER, broker, held, kill, somebody_waits, until, worker
from tests.world import person

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]


def register(first: int, last: int) -> None:
    """Each model's grade is a reason to tell the model-risk manager."""
    for number in range(first, last + 1):
        told = story.register(name=f"评分卡{number}")
        releases.record_deployment(
            actor=person("luo"),
            release=told.release,
            environment="production",
            digest=f"{number:064x}",
        )


def effects() -> tuple[int, int, int]:
    """Notices of grades, restrictions of unknown digests, and their ledger entries."""
    return (
        Notice.objects.filter(kind="grade.confirmation_due").count(),
        Order.objects.count(),
        Entry.objects.filter(kind="order.restrict").count(),
    )


def test_a_killed_worker_and_an_emptied_broker_lose_nothing_and_double_nothing(
    committed: str, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    broker().flushdb()
    register(1, 5)
    with held(committed, LEDGER), worker(committed, log) as first:
        until(somebody_waits, "the worker is in the middle of a reaction", log)
        kill(first)
    until(lambda: not somebody_waits(), "the dead worker's session has ended")
    assert effects() == (0, 0, 0)
    register(6, 8)
    broker().flushdb()
    with worker(committed, log, "--beat", "--schedule", str(tmp_path / "beat")):
        until(lambda: min(effects()) >= 8, "beat has woken the dispatcher", log)
        register(9, 10)
        until(lambda: min(effects()) >= 10, "the act has woken the dispatcher", log)
    assert effects() == (10, 10, 10)
    assert set(Notice.objects.values_list("user__username", flat=True)) == {"chen"}
    dispatch.run()  # what the worker, ended with the block, had not come to
    assert (dispatch.run(), Held.objects.count(), effects()) == (0, 0, (10, 10, 10))
