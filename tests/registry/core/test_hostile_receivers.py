"""Receivers that answer as nobody should: each keeps its own channel busy, and tells no secret."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import psycopg
import pytest
from django.db import connection

from registry.core.errors import DomainError
from registry.core.notices import rules
from registry.core.notices import services as notices
from registry.core.notices.models import Delivery
from registry.core.notices.services import outgoing
from tests.contracts.stub import Dripping, answering
from tests.refusals import refused
from tests.registry.core.receiver import Receiver
from tests.registry.core.test_channels import bodies, opened, post, receiver, tell
from tests.world import person

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, b'{"errcode":1,"errmsg":"\\u0000"}'),
        (500, b"a\x00b"),
        (500, b"\xff\xfe"),
        (200, b'{"errcode":1,"errmsg":"\\ud800"}'),
        (200, b"[" * 15_000),
        (200, b'{"a":' * 15_000),
    ],
)
def test_a_bad_answer_stops_no_other_channel_and_is_kept(
    receiver: Receiver, status: int, answer: bytes
) -> None:
    for way in ("webhook", "wecom", "dingtalk"):
        opened(receiver, way)
    tell("chen")
    receiver.answers = [(status, answer)] * 2
    post()
    rows = Delivery.objects.all()
    assert rows.count() == 3
    assert all(row.attempts == 1 for row in rows)
    failed = rows.filter(state="claimed")
    assert all(row.error for row in failed)
    assert rows.filter(state="sent").exists()


def test_what_a_receiver_echoes_is_kept_without_the_secret(receiver: Receiver) -> None:
    opened(receiver, address=f"{receiver.origin}/hook/abcdef?key=topsecret", secret="SEC-geheim")
    tell("chen")
    receiver.answers = [(404, b"Cannot POST /hook/abcdef?key=topsecret SEC-geheim")]
    post()
    error = Delivery.objects.get().error
    assert error.startswith("HTTP 404: Cannot POST")
    for secret in ("topsecret", "abcdef", "SEC-geheim"):
        assert secret not in error


@pytest.mark.parametrize(
    "address", ["https://[", "https://[::1", "https://a\u2100b.com", "https://\uff0fx"]
)
def test_an_address_that_is_none_is_refused_as_one(receiver: Receiver, address: str) -> None:
    with refused(DomainError, "host_not_allowed"):
        opened(receiver, address=address)


def test_a_to_do_whose_opening_was_answered_badly_is_closed_all_the_same(
    receiver: Receiver,
) -> None:
    row = opened(receiver, "todo")
    tell("chen", key="a", is_task=True)
    receiver.answers = [(500, b"")] * rules.MOST_ATTEMPTS
    for day in range(rules.MOST_ATTEMPTS):
        post(1440.0 * day)
    assert Delivery.objects.get().state == "failed"
    notices.settle(once_key="review:a")
    assert post(1440.0 * 9) == 1
    assert bodies(receiver)[-1]["type"] == "notice.close"
    assert notices.retry_failed(actor=person("admin"), channel_id=row.pk) == 0


@pytest.mark.parametrize("told", ["by an older key", "as it was told before", "by nobody"])
def test_a_fingerprint_is_known_by_every_key_that_still_opens(told: str) -> None:
    secrets = ("https://h.example/x", "a", "b")
    known = {
        "by an older key": rules.fingerprint(*secrets, keys=["old"]),
        "as it was told before": hashlib.sha256("\n".join(secrets).encode()).hexdigest(),
        "by nobody": rules.fingerprint(*secrets, keys=["lost"]),
    }[told]
    assert rules.is_of(known, *secrets, keys=["new", "old"]) is (told != "by nobody")
    assert not rules.is_of(known, "https://h.example/x", "a", "c", keys=["new", "old"])


def test_reasons_are_kept_as_text_a_database_holds() -> None:
    assert rules.kept("a\x00b\ud800c\n", []) == "ab?c"
    hidden = rules.parts_to_hide("https://h.example/cgi/send?key=k-123")
    assert "k-123" in hidden
    assert rules.kept("POST /cgi/send?key=k-123 failed", hidden) == "POST …?… failed"


def test_a_channel_that_another_worker_serves_is_passed_over(receiver: Receiver) -> None:
    row = opened(receiver, "webhook")
    opened(receiver, "wecom")
    tell("chen")
    statement = "SELECT pg_advisory_lock(7301004, hashtext(%s))"
    with psycopg.connect(**_own_database()) as other:
        other.execute(statement, [str(row.pk)])
        assert post() == 1
        assert {one.channel.way for one in Delivery.objects.all() if one.channel} == {"wecom"}
    assert post(40) == 1


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"]
)
def test_a_receiver_that_drips_holds_nobody_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(outgoing, "SECONDS", 1.2)
    began = time.monotonic()
    with answering(Dripping(head + b"X" * 9_000)) as receiver:
        request = rules.Request(receiver.url, {}, b"{}")
        assert outgoing.send(rules.Way.WECOM, request, "h.example") != ""
    assert time.monotonic() - began < 4


def _own_database() -> dict[str, Any]:
    connection.ensure_connection()
    told = connection.connection.info
    return {"dbname": told.dbname, "user": told.user, "host": told.host, "port": told.port}
