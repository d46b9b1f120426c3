"""The sample receiver, run as a process and delivered to: what a copy of it does, and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from docs.samples import webhook_receiver as sample
from governance.webhooks import services as webhooks
from governance.webhooks.models import Sending, Subscription
from governance.webhooks.services import NewSubscription
from registry.core.notices import rules
from registry.systems import services as systems
from tests.world import head_office, person

FILE = Path(sample.__file__)
SECRET, OTHER = ("whsec_" + letter * 32 for letter in "ab")


class Running:
    """The receiver as a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{self.line().rpartition(' ')[2]}"

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def running() -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-I", str(FILE), "127.0.0.1", "0"],
        env={"WEBHOOK_SECRETS": f"{OTHER} {SECRET}"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.django_db
def test_it_takes_what_is_sent_and_does_it_once(running: Running, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    told = NewSubscription("sample", running.url, ["system.*"], head_office(), secret=SECRET)
    row, _secret = webhooks.open_subscription(actor=person("admin"), told=told)
    for code in ("first", "second"):
        system = systems.register(
            actor=person("wang"), code=code, name_zh="系统", name_en="", entity=head_office()
        )
        webhooks.claim()
        assert webhooks.post(subscription_id=row.pk) == 1
        event = "io.mingce.system.registered.v1"
        assert running.line() == f"{event} registry.system/{system.pk} {{}}"
        again: dict[str, Any] = {"actor": person("admin"), "subscription_id": row.pk}
        assert webhooks.replay(**again, message_ids=[_last(row)]).count == 1
        assert webhooks.post(subscription_id=row.pk) == 1  # taken, and not done again


def _last(row: Subscription) -> Any:
    return Sending.objects.filter(subscription=row).order_by("-seq")[0].message_id


def test_it_refuses_what_is_not_signed_or_old(running: Running) -> None:
    now = int(time.time())
    for case, seconds, secret, body, status in (
        ("another secret", now, "whsec_" + "c" * 32, {"type": "x"}, 401),
        ("old", now - 301, SECRET, {"type": "x"}, 401),
        ("from the future", now + 310, SECRET, {"type": "x"}, 401),
        ("fine", now, SECRET, {"type": "t", "subject": "s", "data": {}}, 204),
    ):
        request = rules.signed(rules.as_json(running.url, body), f"id-{case}", seconds, secret)
        answered = requests.post(
            request.url, data=request.body, headers=request.headers, timeout=10
        )
        assert answered.status_code == status, case
    changed = requests.post(
        request.url, data=json.dumps({"type": "other"}), headers=request.headers, timeout=10
    )
    assert changed.status_code == 401
    assert requests.post(running.url, data=b"x" * 70_000, timeout=10).status_code == 413


def test_an_id_is_forgotten_after_many_others() -> None:
    seen = sample.Seen(most=2)
    assert [seen.is_new(one) for one in ("a", "a", "b", "c", "a")] == [
        True, False, True, True, True,
    ]  # fmt: skip
