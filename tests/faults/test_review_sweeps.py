"""Ten thousand rungs and a day's digests, while workers, broker and sessions die: each once.

The sessions are cut off by pg_terminate_backend, which is what clients see of a restart: the tests
that run beside this one use the same server. Where nobody else uses it, TEST_RESTART_COMMAND says
how it is restarted, and it is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from governance.reviews import services as reviews
from governance.reviews.models import Reminder
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices import services as notices
from registry.core.notices.models import Delivery, Notice
from registry.core.people.queries import system
from tests import conftest
from tests.benchmarks import estate
from tests.faults.mailbox import GREETING, RECEIPT, Mailbox, mailbox
from tests.faults.processes import (
    INBOX,
    LEDGER,
    broker,
    end_sessions,
    held,
    kill,
    somebody_waits,
    until,
    worker,
)
from tests.world import PEOPLE, head_office, person

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]
NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)  # a Monday in Shanghai
DUE = dt.date(2026, 10, 12)  # six weeks ago: everything has come but what waits for its notice
PACKAGES, LATER = 1_250, 50  # so many in all; of these so many once the others are done
TOLD = {
    "task": {"chen"},
    "two_weeks": {"chen"},
    "one_week": {"chen", "xu"},
    "tomorrow": {"chen", "xu"},
    "overdue": {"chen", "xu", "ma"},
    "new_uses_blocked": {"chen", "xu", "sun"},
    "restriction_announced": {"chen", "xu", "sun", "ma"},
    "suspension_proposed": {"chen", "sun", "gao", "mi", "shen"},
}
RUNGS = PACKAGES * len(TOLD)
EFFECTS = {
    "new_uses_blocked": "package.new_uses_blocked",
    "restriction_announced": "package.restriction_announced",
    "suspension_proposed": "package.suspension_proposed",
}


@pytest.fixture(autouse=True)
def at_noon(tmp_path: Path, settings: Any) -> Iterator[None]:
    """The test and its workers live on that day; its anchors are its own."""
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"
    with clock.at(NOON):
        yield


class Killable:
    """Workers with a beat each, on one database, and what they have written to their logs."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.log = folder / "workers.log"
        self.mail = ""
        self.moment = NOON
        self._names = itertools.count()

    @contextlib.contextmanager
    def start(self) -> Iterator[subprocess.Popen[bytes]]:
        """One more, at the moment; killed with the block."""
        name = f"w{next(self._names)}"
        beat = ("--beat", "--schedule", str(self.folder / name), "--hostname", f"{name}@tests")
        told = {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "MINGCE_TEST_MOMENT": self.moment.isoformat(),
        }
        told |= {"EMAIL_URL": self.mail} if self.mail else {}
        with worker(self.database, self.log, *beat, **told) as process:
            yield process

    def until(self, happened: Callable[[], bool], what: str) -> None:
        """Waits; errors in the log are what the test brings about."""
        until(happened, what, self.log, calm=False)


@pytest.fixture
def workers(committed: str, tmp_path: Path) -> Killable:
    """Of the test's own database, in which nothing waits for a reaction."""
    dispatch.run()
    broker().flushdb()
    return Killable(committed, tmp_path)


# Reminders


def taken() -> int:
    return Reminder.objects.count()


def agreed() -> int:
    """Rungs, lines and entries tell the same at any moment; returns how many rungs have come."""
    rungs = Counter(Reminder.objects.values_list("rung", flat=True))
    lines = Counter(Notice.objects.values_list("kind", "user__username"))
    assert lines == {
        (f"review.{rung}", who): count for rung, count in rungs.items() for who in TOLD[rung]
    }
    entries = Entry.objects.filter(kind__in=EFFECTS.values()).values_list("kind", flat=True)
    assert Counter(entries) == {kind: rungs[rung] for rung, kind in EFFECTS.items() if rungs[rung]}
    return rungs.total()


def a_chunk_more(workers: Killable) -> None:
    """The sweep has gone on, unless it was done before anybody looked."""
    wanted = min(taken() + 1, RUNGS - LATER * len(TOLD))
    workers.until(lambda: taken() >= wanted, "another chunk has been taken")


def die_at(lock: str, workers: Killable, process: subprocess.Popen[bytes]) -> None:
    """The worker is killed in mid-sweep and mid-transaction; its chunk has never been."""
    a_chunk_more(workers)
    with held(workers.database, lock):
        workers.until(somebody_waits, f"a worker waits at {lock}")
        before = agreed()
        kill(process)
        assert 0 < agreed() == before < RUNGS


def test_ten_thousand_rungs_come_once_whoever_dies(workers: Killable) -> None:
    """Kills at several points, two beats with two workers, lost sessions, an emptied broker."""
    estate.packages(PACKAGES - LATER, head_office(), "I", due_on=DUE)
    for lock in (INBOX, LEDGER):
        with workers.start() as process:
            die_at(lock, workers, process)
        broker().flushdb()
    with workers.start() as one, workers.start():
        die_at(INBOX, workers, one)
        a_chunk_more(workers)
        assert end_sessions(conftest.ADMIN_URL) > 0
        a_chunk_more(workers)
        broker().flushdb()
        workers.until(lambda: taken() == RUNGS - LATER * len(TOLD), "everything due has come")
        broker().flushdb()  # the worker and its beat go on
        estate.packages(LATER, head_office(), "I", due_on=DUE, first=PACKAGES)
        workers.until(lambda: taken() == RUNGS, "the rest has come")
    assert (reviews.sweep(actor=system()), agreed()) == (0, 10_000)
    ledger.anchor_when_due()
    assert ledger.verify().faults == []


# Digests


def tell_everybody() -> None:
    """Everybody has an address, and three lines in the inbox."""
    with ledger.act(person("admin")) as act:
        for username in PEOPLE:
            row = person(username)
            act.update(row, "person.enrolled", {"email": f"{username}@bank.example"})
            for number in range(3):
                notices.tell(
                    user_ids=[row.pk], kind="review.task", text_zh=f"{username} 第{number}条",
                    text_en=f"{username} {number}", once_key=str(number),
                )  # fmt: skip


def states() -> Counter[tuple[str, int]]:
    """Digests by state and attempts."""
    return Counter(Delivery.objects.values_list("state", "attempts"))


def die_silent_at(point: str, workers: Killable, box: Mailbox) -> None:
    """The worker is killed while the mail server keeps it waiting there."""
    box.fall_silent(point)
    with workers.start() as process:
        workers.until(box.reached.is_set, f"the mail server is silent at the {point}")
        kill(process)


def test_every_line_is_in_one_digest_whoever_dies(workers: Killable) -> None:
    """Killed while claiming, between claim and mail, and between mail and mark; then two at once.

    The one mail that went out unmarked goes out again under the same Message-ID.
    """
    tell_everybody()
    everybody = len(PEOPLE)
    with mailbox() as box:
        workers.mail = box.url
        with held(workers.database, INBOX), workers.start() as process:
            workers.until(somebody_waits, "the worker is in the middle of claiming")
            kill(process)
        assert (states(), box.mails) == ({}, [])
        die_silent_at(GREETING, workers, box)
        assert (states(), box.mails) == ({("claimed", 0): everybody - 1, ("claimed", 1): 1}, [])
        die_silent_at(RECEIPT, workers, box)
        assert states() == {("claimed", 0): everybody - 2, ("claimed", 1): 2}
        (unmarked,) = box.mails
        box.fall_silent("")
        workers.moment += dt.timedelta(hours=1)  # by then what was given up is tried again
        with workers.start(), workers.start():
            done = {("sent", 1): everybody - 2, ("sent", 2): 2}
            workers.until(lambda: states() == done, "every digest has been sent")
    again = [mail for mail in box.mails if mail["Message-ID"] == unmarked["Message-ID"]]
    assert [mail.get_content() for mail in again] == [unmarked.get_content()] * 2
    each_line_once([mail for mail in box.mails if mail is not unmarked])


def each_line_once(mails: Sequence[EmailMessage]) -> None:
    """Each digest is one mail to its person, with exactly the lines that it holds."""
    found = {mail["Message-ID"]: mail for mail in mails}
    assert len(found) == len(mails) == Delivery.objects.count() == len(PEOPLE)
    assert not Notice.objects.exclude(delivery__state="sent").exists()
    for pk, name in Delivery.objects.values_list("pk", "user__username"):
        mail = found[f"<{pk}@mingce>"]
        lines = [line for line in mail.get_content().splitlines() if line.startswith("· ")]
        assert mail["To"] == f"{name}@bank.example"
        assert sorted(lines) == [f"· {name} 第{number}条" for number in range(3)]
