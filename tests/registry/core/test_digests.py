"""Digests: one a working day, in the person's language; lost by nobody, sent twice by nobody."""

from __future__ import annotations

import datetime as dt
import smtplib
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.notices import rules
from registry.core.notices import services as notices
from registry.core.notices.models import Delivery, Notice
from registry.core.people import services as people
from tests.world import person

pytestmark = pytest.mark.django_db
TEN = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)  # ten o'clock on a Monday in Shanghai


@pytest.fixture(autouse=True)
def configured(settings: Any) -> None:
    settings.EMAIL_IS_CONFIGURED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PUBLIC_URL = "https://models.bank.example"
    for username in ("chen", "sun"):
        row = person(username)
        with ledger.act(person("admin")) as act:
            act.update(row, "person.enrolled", {"email": f"{username}@bank.example"})


def tell(username: str, text: str, key: str) -> None:
    notices.tell(
        user_ids=[person(username).pk], kind="review.task", text_zh=text, text_en=f"E {text}",
        link="/reviews/1/", once_key=key,
    )  # fmt: skip


def deliver(moment: dt.datetime = TEN, *, is_working_day: bool = True) -> int:
    with clock.at(moment):
        return notices.deliver(is_working_day=is_working_day)


def test_ten_lines_are_one_mail_with_their_pages() -> None:
    for number in range(10):
        tell("chen", f"第{number}条", str(number))
    assert (deliver(), deliver()) == (1, 0)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["chen@bank.example"], "明册：10 条提醒")
    assert "第0条" in str(sent.body)
    assert "https://models.bank.example/reviews/1/" in str(sent.body)
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.notices.count()) == ("sent", 1, 10)
    assert sent.extra_headers["Message-ID"] == f"<{row.pk}@mingce>"


def test_it_speaks_the_persons_language() -> None:
    people.set_preferences(actor=person("chen"), language="en", time_zone="")
    tell("chen", "一条", "a")
    deliver()
    assert mail.outbox[0].subject == "Mingce: reminders (1)"
    assert "E 一条" in str(mail.outbox[0].body)


def test_there_is_one_digest_a_day() -> None:
    tell("chen", "上午", "a")
    deliver()
    tell("chen", "下午", "b")
    assert deliver(TEN + dt.timedelta(hours=5)) == 0
    assert deliver(TEN + dt.timedelta(days=1)) == 1
    assert "下午" in str(mail.outbox[1].body)
    assert "上午" not in str(mail.outbox[1].body)


@pytest.mark.parametrize(
    ("hour", "is_working_day", "found"),
    [(7, True, False), (8, True, True), (17, True, True), (18, True, False), (10, False, False)],
)
def test_nights_and_days_off_are_quiet(hour: int, is_working_day: bool, found: bool) -> None:
    assert rules.may_write(hour, is_working_day=is_working_day) is found
    tell("chen", "一条", "a")
    moment = TEN + dt.timedelta(hours=hour - 10)
    assert deliver(moment, is_working_day=is_working_day) == int(found)


def test_what_was_read_or_has_no_address_is_not_written_about() -> None:
    tell("chen", "一条", "a")
    notices.read(actor=person("chen"), notice_id=Notice.objects.get().pk)
    tell("wang", "没有地址", "b")
    assert (deliver(), Delivery.objects.count(), len(mail.outbox)) == (0, 0, 0)


def test_without_a_mail_server_nothing_is_claimed(settings: Any) -> None:
    settings.EMAIL_IS_CONFIGURED = False
    tell("chen", "一条", "a")
    assert (deliver(), Delivery.objects.count()) == (0, 0)


def test_a_failed_mail_waits_longer_each_time_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: EmailMessage, fail_silently: bool = False) -> int:
        raise smtplib.SMTPRecipientsRefused({"chen@bank.example": (550, b"unknown")})

    tell("chen", "一条", "a")
    monkeypatch.setattr(EmailMessage, "send", refuse)
    moment = TEN
    for attempt in range(1, rules.MOST_ATTEMPTS + 1):
        assert deliver(moment) == 0
        row = Delivery.objects.get()
        assert (row.attempts, "550" in row.error) == (attempt, True)
        with clock.at(moment):
            assert notices.deliver(is_working_day=True) == 0  # not yet again
        moment = row.try_at + dt.timedelta(days=1)
        moment = moment.replace(hour=2)
    assert Delivery.objects.get().state == "failed"


def test_a_sender_that_died_is_made_good_under_the_same_message_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        """As if by kill -9: nothing after it runs."""

    def die(self: EmailMessage, fail_silently: bool = False) -> int:
        raise Killed

    tell("chen", "一条", "a")
    with monkeypatch.context() as patched:
        patched.setattr(EmailMessage, "send", die)
        with pytest.raises(Killed):
            deliver()
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("claimed", 1)
    assert deliver(row.try_at + dt.timedelta(minutes=1)) == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<{row.pk}@mingce>"
