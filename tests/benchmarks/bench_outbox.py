"""Send a hundred thousand reminders out of the house, and print rates and memory.

Run: python -m config.local.testing -- python -m tests.benchmarks.bench_outbox [notices] [posts]

Two people are told of each of half as many packages, fifty notices a person. What is measured is
the product's own way: lines into the inboxes, digests by mail to a server on the loopback, a robot
and a webhook to a receiver on the loopback, of which `posts` messages are sent (all take long).
Both servers are threads of this process: a real one leaves it more of its time. People are written
by the owner with triggers off; nothing else is.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.conf import settings  # noqa: E402 (after setup)
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from config.local import roles  # noqa: E402
from registry.core import clock  # noqa: E402
from registry.core.notices import services as notices  # noqa: E402
from registry.core.notices.models import Channel, Delivery, Notice  # noqa: E402
from registry.core.notices.services import Line, NewChannel  # noqa: E402
from registry.core.notices.services.posting import MOST_SINGLES  # noqa: E402
from registry.core.people.models import User  # noqa: E402
from tests import conftest, world  # noqa: E402
from tests.benchmarks import memory  # noqa: E402
from tests.faults.mailbox import mailbox  # noqa: E402
from tests.registry.core.receiver import Receiver, receiving  # noqa: E402

DATABASE = "mingce_bench_outbox"
TEN = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)  # ten o'clock on a Monday in Shanghai
EACH = 50  # notices a person
CHUNK = 400  # lines at a time, as of a sweep's two hundred packages
TOKEN = "for-the-benchmark-alone"  # noqa: S105 (no secret)
PEOPLE = """
INSERT INTO registry_user (id, row_version, password, username, name, email, kind, is_active,
    is_superuser, is_vendor_staff, language, time_zone, salt)
SELECT gen_random_uuid(), 1, '!', 'bench' || n, '评测' || n, 'bench' || n || '@bank.example',
    'person', true, false, false, '', '', md5(n::text)
FROM generate_series(1, %(count)s) n
"""
DUTIES = """
INSERT INTO registry_roleassignment (id, row_version, user_id, role, entity_id, valid_from)
SELECT gen_random_uuid(), 1, id, 'owner', %(entity)s, '2020-01-01' FROM registry_user
WHERE username LIKE 'bench%%'
"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    posts = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    logging.disable(logging.WARNING)
    roles.prepare(conftest.ADMIN_URL, DATABASE)
    conftest.use_database(DATABASE)
    settings.PUBLIC_URL, settings.METRICS_TOKEN = "https://models.bank.example", TOKEN
    try:
        call_command("prepare_database", verbosity=0)
        with clock.at(conftest.FOUNDED):
            world.build()
        fill(count // EACH)
        with clock.at(TEN), receiving() as receiver:
            settings.OUTBOUND_HOSTS = [receiver.origin]
            told(count)
            mailed()
            posted(receiver, posts)
            figures()
    finally:
        connections.close_all()
        conftest.drop(DATABASE)


def fill(count: int) -> None:
    """So many people with an address, each with a role in head office."""
    with connections["owner"].cursor() as cursor:
        for table, statement in (("user", PEOPLE), ("roleassignment", DUTIES)):
            cursor.execute(f"ALTER TABLE registry_{table} DISABLE TRIGGER USER")  # noqa: S608
            cursor.execute(statement, {"count": count, "entity": world.head_office().pk})
            cursor.execute(f"ALTER TABLE registry_{table} ENABLE TRIGGER USER")  # noqa: S608
            cursor.execute(f"ANALYZE registry_{table}")


def opened(receiver: Receiver, way: str) -> Channel:
    """A channel that carries the reminders of reviews, also those of this moment."""
    told = NewChannel(way, way, f"{receiver.origin}/{way}", ["review"], world.head_office())
    return notices.open_channel(actor=world.person("admin"), told=told)[0]


def told(count: int) -> None:
    """The lines lie in the inboxes; told once more, nothing changes."""
    for name in ("tell_many", "tell_many, once more"):
        with measured(name) as done:
            for lines in chunks(count):
                notices.tell_many(lines)
                done.append(len(lines))
    assert Notice.objects.filter(kind="review.task").count() == count
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE registry_notice")


def chunks(count: int) -> Iterator[list[Line]]:
    """The reminders, as sweeps hand them over."""
    keys = list(User.objects.filter(username__startswith="bench").values_list("pk", flat=True))
    for begin in range(0, count, CHUNK):
        yield [
            Line(
                user_id=keys[number % len(keys)],
                kind="review.task",
                text_zh=f"请完成检查：零售评分卡（RVP-{number // 2:06}），2026-12-01 到期。",
                text_en=f"Review to do: retail scorecard (RVP-{number // 2:06}), due 2026-12-01.",
                once_key=f"review:{number // 2}:task",
                link=f"/reviews/{number // 2}/",
                is_task=True,
            )
            for number in range(begin, min(begin + CHUNK, count))
        ]


def mailed() -> None:
    """Everybody has a digest, whole sweeps after one another."""
    with mailbox() as server, measured("digests by mail") as done:
        at = urlsplit(server.url)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_IS_CONFIGURED = True
        settings.EMAIL_HOST, settings.EMAIL_PORT = at.hostname, at.port
        while sent := notices.deliver(is_working_day=True):
            done.append(sent)
            assert len(server.mails) == sent
            server.mails.clear()
    assert not Delivery.objects.filter(channel=None).exclude(state="sent").exists()


def posted(receiver: Receiver, posts: int) -> None:
    """The robot's one message; the first round of the webhook; then further rounds."""
    for way, messages in (("wecom", 1), ("webhook", MOST_SINGLES)):
        channel = opened(receiver, way)
        with measured(f"{way}: claimed, and {messages} sent") as done:
            assert notices.post(is_working_day=True) == len(receiver.got) == messages
            done.append(Delivery.objects.filter(channel=channel).count())
        receiver.got.clear()
    with measured("webhook messages, the rounds after") as done:
        while sum(done) < posts - MOST_SINGLES:
            receiver.got.clear()
            done.append(notices.post(is_working_day=False))
            assert len(receiver.got) == done[-1] > 0


def figures() -> None:
    """What `/metrics` costs at this size."""
    client = Client(headers={"Authorization": f"Bearer {TOKEN}"})
    client.get("/metrics")
    with measured("GET /metrics") as done:
        for _time in range(10):
            assert b"mingce_database_up 1" in client.get("/metrics").content
            done.append(1)


class measured:  # noqa: N801 (reads as a sentence where it is used)
    """Prints how many were done in which time, and how much memory that took at most (Linux)."""

    def __init__(self, name: str) -> None:
        self.name, self.done = name, list[int]()

    def __enter__(self) -> list[int]:
        self.held, self.begun = memory.begin(), time.perf_counter()
        return self.done

    def __exit__(self, *_told: object) -> None:
        seconds, many = time.perf_counter() - self.begun, sum(self.done)
        grown = f"{memory.peak() - self.held:.0f} MiB more than {self.held:.0f} MiB"
        print(f"{self.name}: {many:,} in {seconds:.1f} s, {many / seconds:,.0f}/s, {grown}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
