"""Channels: what goes out, once; what stays inside; who refuses, and what is then done."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices import queries, rules
from registry.core.notices import services as notices
from registry.core.notices.models import Channel, Delivery, Notice
from registry.core.notices.rules import Item, Way
from registry.core.notices.services import NewChannel
from registry.core.notices.services.channels import vault_keys
from registry.core.people.models import LegalEntity
from tests.refusals import refused
from tests.registry.core.receiver import Receiver, receiving
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
TEN = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)  # ten o'clock on a Monday in Shanghai


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with receiving() as found, clock.at(TEN):
        settings.PUBLIC_URL = "https://models.bank.example"
        settings.OUTBOUND_HOSTS = [found.origin, "oapi.dingtalk.com"]
        yield found


def opened(receiver: Receiver, way: str = "wecom", **changed: Any) -> Channel:
    told: dict[str, Any] = {
        "name": way, "way": way, "address": f"{receiver.origin}/send?key=k1",
        "kinds": ["review"], "entity": head_office(),
    }  # fmt: skip
    return notices.open_channel(actor=person("admin"), told=NewChannel(**(told | changed)))[0]


def tell(*usernames: str, key: str = "a", kind: str = "review.overdue", **more: Any) -> None:
    notices.tell(
        user_ids=[person(one).pk for one in usernames], kind=kind, text_zh=f"逾期{key}",
        text_en=f"Overdue {key}", link=f"/reviews/{key}/", once_key=f"review:{key}", **more,
    )  # fmt: skip


def post(minutes: float = 0, *, is_working_day: bool = True) -> int:
    with clock.at(TEN + dt.timedelta(minutes=minutes)):
        return notices.post(is_working_day=is_working_day)


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in receiver.got]


# Robots


def test_a_robot_tells_its_group_once_whoever_was_told(receiver: Receiver) -> None:
    opened(receiver)
    tell("chen", "sun", key="a")
    tell("chen", key="b")
    assert (post(), post(60)) == (1, 0)
    (told,) = bodies(receiver)
    text = told["markdown"]["content"]
    assert told["msgtype"] == "markdown"
    assert text.count("](https://models.bank.example/reviews/") == 2
    assert "[逾期a](https://models.bank.example/reviews/a/)" in text
    assert receiver.got[0].path == "/send?key=k1"
    assert set(Delivery.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_of_a_confidential_model_nothing_leaves_the_house(receiver: Receiver) -> None:
    for way in Way:
        opened(receiver, way.value)
    tell("chen", key="a", stays_inside=True, is_task=True)
    assert (post(), receiver.got, Delivery.objects.count()) == (0, [], 0)


def test_a_backlog_is_one_message_that_counts(receiver: Receiver) -> None:
    opened(receiver)
    for number in range(250):
        tell("chen", key=f"{number:03d}" + "长" * 20)
    assert post() == 1
    text = bodies(receiver)[0]["markdown"]["content"]
    assert len(text.encode()) < 4_096
    assert text.endswith(f"+{250 - text.count('](')}")
    assert "250" in text.splitlines()[0]
    assert Delivery.objects.filter(state="sent").count() == 250


def test_a_robot_speaks_twice_an_hour_at_most(receiver: Receiver) -> None:
    opened(receiver)
    tell("chen", key="a")
    assert post() == 1
    tell("chen", key="b")
    assert (post(10), post(31)) == (0, 1)


@pytest.mark.parametrize(
    ("minutes", "is_working_day"), [(-121, True), (480, True), (0, False)], ids=str
)
def test_robots_are_quiet_at_night_and_on_days_off_and_other_systems_are_not(
    receiver: Receiver, minutes: float, is_working_day: bool
) -> None:
    with clock.at(TEN - dt.timedelta(days=1)):
        opened(receiver)
        opened(receiver, "webhook")
        tell("chen")
    assert post(minutes, is_working_day=is_working_day) == 1
    assert bodies(receiver)[0]["type"] == "notice.tell"
    assert Delivery.objects.get(channel__way="wecom").state == "claimed"


def test_it_carries_what_it_was_opened_for(receiver: Receiver) -> None:
    tell("chen", key="before")
    with clock.at(TEN + dt.timedelta(minutes=1)):
        opened(receiver, entity=LegalEntity.objects.get(code="SH"))
        tell("hai", key="branch")
        tell("chen", key="elsewhere")
        tell("hai", key="other", kind="approval.vote_due")
    assert post(2) == 1
    assert [row.key for row in Delivery.objects.all()] == ["review:branch"]


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (200, b'{"errcode":93000,"errmsg":"invalid webhook url"}', "code 93000: invalid webhook"),
        (200, b'{"code":19021,"msg":"sign match fail"}', "code 19021: sign match fail"),
        (200, b"<html>login</html>", "no JSON object: <html>login</html>"),
        (200, b"[1]", "no JSON object"),
        (200, b"{}", "code None"),
        (500, b"oops", "HTTP 500: oops"),
        (302, b"", "HTTP 302"),
    ],
)
def test_a_robot_that_refuses_is_tried_again_and_its_reason_kept(
    receiver: Receiver, status: int, answer: bytes, reason: str
) -> None:
    opened(receiver)
    tell("chen")
    receiver.answers.append((status, answer))
    assert post() == 0
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("claimed", 1)
    assert reason in row.error
    assert (post(5), post(11)) == (0, 1)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == ("sent", 2, "")
    assert len(receiver.got) == 2  # a redirection is not followed


def test_what_has_failed_eight_times_waits_for_a_person(receiver: Receiver) -> None:
    row = opened(receiver)
    tell("chen")
    receiver.answers = [(500, b"")] * rules.MOST_ATTEMPTS
    days = [1440.0 * day for day in range(rules.MOST_ATTEMPTS + 1)]
    assert [post(minutes) for minutes in days[:-1]] == [0] * rules.MOST_ATTEMPTS
    assert Delivery.objects.get().state == "failed"
    assert notices.retry_failed(actor=person("admin"), channel_id=row.pk) == 1
    assert post(days[-1]) == 1


def test_where_nobody_listens_the_reason_does_not_tell_the_address(
    receiver: Receiver, settings: Any
) -> None:
    settings.OUTBOUND_HOSTS = ["http://127.0.0.1:9"]
    opened(receiver, address="http://127.0.0.1:9/send?key=topsecret")
    tell("chen")
    assert post() == 0
    error = Delivery.objects.get().error
    assert "http://127.0.0.1:9" in error
    assert "topsecret" not in error


def test_a_dead_receiver_holds_up_its_own_channel_alone(receiver: Receiver, settings: Any) -> None:
    settings.OUTBOUND_HOSTS = ["http://127.0.0.1:9", receiver.origin]
    opened(receiver, "todo", address="http://127.0.0.1:9/todo")
    opened(receiver, "webhook")
    for number in range(5):
        tell("chen", key=str(number), is_task=True)
    assert post() == 5
    tried = Delivery.objects.filter(channel__way="todo", attempts=1)
    assert tried.count() == 1  # one attempt, then the channel rests


def test_english_for_an_english_group(receiver: Receiver) -> None:
    opened(receiver, language="en")
    tell("chen")
    post()
    text = bodies(receiver)[0]["markdown"]["content"]
    assert text.startswith("**Mingce: reminders 1**")
    assert "[Overdue a]" in text


# Signatures, as the platforms' documents give them


def item(**changed: Any) -> Item:
    told: dict[str, Any] = {
        "id": "1", "action": "tell", "kind": "review.overdue", "title": "逾期 [x](y)",
        "title_en": "Overdue", "link": "https://m.example/r/1/", "user": "chen", "at": TEN,
    }  # fmt: skip
    return Item(**(told | changed))


def composed(way: Way, address: str, secret: str) -> rules.Request:
    return rules.compose(
        way, [item()], address=address, secret=secret, heading="提醒", now=TEN, message_id="m1"
    )


def test_dingtalk_is_signed_in_the_query() -> None:
    found = composed(Way.DINGTALK, "https://oapi.dingtalk.com/robot/send?access_token=t", "SEC1")
    query = parse_qs(urlsplit(found.url).query)
    stamp = str(int(TEN.timestamp()) * 1000)
    mark = hmac.new(b"SEC1", f"{stamp}\nSEC1".encode(), hashlib.sha256).digest()
    assert query == {
        "access_token": ["t"], "timestamp": [stamp], "sign": [base64.b64encode(mark).decode()],
    }  # fmt: skip
    assert json.loads(found.body)["markdown"]["title"] == "提醒"


def test_feishu_is_signed_in_the_body_and_has_links() -> None:
    body = json.loads(composed(Way.FEISHU, "https://open.feishu.cn/hook/t", "S").body)
    stamp = str(int(TEN.timestamp()))
    mark = hmac.new(f"{stamp}\nS".encode(), b"", hashlib.sha256).digest()
    assert (body["timestamp"], body["sign"]) == (stamp, base64.b64encode(mark).decode())
    post_ = body["content"]["post"]["zh_cn"]
    assert post_["content"] == [
        [{"tag": "a", "text": "逾期 [x](y)", "href": "https://m.example/r/1/"}]
    ]


def test_no_title_becomes_markup() -> None:
    text = json.loads(composed(Way.WECOM, "https://x/", "").body)["markdown"]["content"]
    assert text == "**提醒**\n- [逾期 xy](https://m.example/r/1/)"


def test_a_webhook_is_signed_by_standard_webhooks(receiver: Receiver) -> None:
    told = NewChannel("hook", "webhook", f"{receiver.origin}/hook", ["review"], head_office())
    _row, secret = notices.open_channel(actor=person("admin"), told=told)
    tell("chen", "sun")
    assert post() == 2
    for one in receiver.got:
        headers = {name.lower(): value for name, value in one.headers.items()}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + one.body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mark = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{mark}"
        assert headers["webhook-timestamp"] == str(int(TEN.timestamp()))
    assert {one["data"]["user"] for one in bodies(receiver)} == {"chen", "sun"}
    ids = {one.headers["webhook-id"] for one in receiver.got}
    assert ids == {str(key) for key in Delivery.objects.values_list("pk", flat=True)}


# To-do lists


def test_a_to_do_is_opened_and_closed_when_it_is_done_not_when_it_is_read(
    receiver: Receiver,
) -> None:
    opened(receiver, "todo")
    tell("chen", "sun", key="a", is_task=True)
    tell("chen", key="for information")
    assert (post(), post(1)) == (2, 0)
    for notice in Notice.objects.filter(user=person("chen")):
        notices.read(actor=person("chen"), notice_id=notice.pk)
    assert post(2) == 0
    notices.settle(once_key="review:a")
    assert (post(3), post(4)) == (2, 0)
    told = [(one["type"], one["data"]["user"], one["data"]["id"]) for one in bodies(receiver)]
    keys = {row.user.username: str(row.pk) for row in Notice.objects.filter(once_key="review:a")}
    assert sorted(told) == sorted(
        (f"notice.{action}", user, key) for action in ("open", "close")
        for user, key in keys.items()
    )  # fmt: skip


def test_a_to_do_that_never_went_out_is_forgotten(receiver: Receiver, settings: Any) -> None:
    opened(receiver, "todo")
    tell("chen", "sun", key="a", is_task=True)
    receiver.answers = [(500, b"")]
    assert post() == 0  # one was attempted, the other not
    notices.settle(once_key="review:a")
    assert post(11) == 1  # the attempted one may have arrived: it is opened, then closed
    assert post(12) == 1
    told = [one["type"] for one in bodies(receiver)]
    assert told == ["notice.open", "notice.open", "notice.close"]
    assert len({one["data"]["user"] for one in bodies(receiver)}) == 1


# Opening and closing


def test_the_ledger_knows_a_channel_and_holds_no_secret(receiver: Receiver) -> None:
    row = opened(receiver, "dingtalk", secret="SEC-geheim")
    entry = Entry.objects.get(subject_id=row.pk)
    assert entry.kind == "channel.opened"
    assert "SEC-geheim" not in entry.body + row.sealed
    assert "key=k1" not in entry.body + row.sealed


@pytest.mark.parametrize(
    ("by", "changed", "kind", "code"),
    [
        ("chen", {}, Forbidden, "not_permitted"),
        ("admin", {"way": "fax"}, DomainError, "unknown_way"),
        ("admin", {"kinds": []}, DomainError, "unknown_kinds"),
        ("admin", {"kinds": ["gossip"]}, DomainError, "unknown_kinds"),
        ("admin", {"address": "https://169.254.169.254/x"}, DomainError, "host_not_allowed"),
        ("admin", {"address": "http://oapi.dingtalk.com/x"}, DomainError, "host_not_allowed"),
        ("admin", {"address": "https://oapi.dingtalk.com@evil.example/"}, DomainError,
         "host_not_allowed"),
        ("admin", {"address": "https://u:p@oapi.dingtalk.com/"}, DomainError,
         "host_not_allowed"),
        ("admin", {"address": "file:///etc/passwd"}, DomainError, "host_not_allowed"),
        ("admin", {"way": "webhook", "secret": "short"}, DomainError, "weak_secret"),
    ],
)  # fmt: skip
def test_what_is_refused(
    receiver: Receiver, by: str, changed: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    told: dict[str, Any] = {
        "name": "n", "way": "wecom", "address": f"{receiver.origin}/x", "kinds": ["review"],
        "entity": head_office(),
    }  # fmt: skip
    with refused(kind, code):
        notices.open_channel(actor=person(by), told=NewChannel(**(told | changed)))


def test_without_an_own_address_links_would_lead_nowhere(receiver: Receiver, settings: Any) -> None:
    settings.PUBLIC_URL = ""
    with refused(DomainError, "no_public_url"):
        opened(receiver)


def test_a_closed_channel_carries_nothing_more(receiver: Receiver) -> None:
    row = opened(receiver)
    tell("chen", key="a")
    receiver.answers = [(500, b"")]
    post()
    notices.close_channel(actor=person("admin"), channel_id=row.pk)
    tell("chen", key="b")
    assert post(60) == 0
    told = Delivery.objects.values_list("key", "state", "error")
    assert list(told) == [("review:a", "failed", "the channel was closed")]
    assert notices.retry_failed(actor=person("admin"), channel_id=row.pk) == 0
    with refused(Conflict, "closed_already"):
        notices.close_channel(actor=person("admin"), channel_id=row.pk)
    with refused(Conflict, "closed_already"):
        notices.try_channel(actor=person("admin"), channel_id=row.pk)


def test_a_test_goes_out_at_once(receiver: Receiver) -> None:
    row = opened(receiver)
    tell("chen")
    post()
    notices.try_channel(actor=person("admin"), channel_id=row.pk)
    assert post(1) == 1
    assert "测试消息" in bodies(receiver)[1]["markdown"]["content"]


def test_a_test_goes_out_at_night_too(receiver: Receiver) -> None:
    row = opened(receiver)
    tell("chen")
    notices.try_channel(actor=person("admin"), channel_id=row.pk)
    assert post(600) == 1
    assert "测试消息" in bodies(receiver)[0]["markdown"]["content"]
    assert "逾期" not in bodies(receiver)[0]["markdown"]["content"]


def test_an_address_that_was_put_in_by_hand_gets_nothing(receiver: Receiver) -> None:
    row = opened(receiver)
    tell("chen")
    sealed = rules.seal(f"{receiver.origin}/mine", "", vault_keys())
    with ledger.act(person("admin")) as act:
        act.update(row, "channel.opened", {"sealed": sealed})
    assert (post(), receiver.got) == (0, [])
    assert "not what was opened" in Delivery.objects.get().error


def test_a_lost_key_is_said_to_be_lost(receiver: Receiver, settings: Any) -> None:
    opened(receiver)
    tell("chen")
    settings.VAULT_KEYS = ["another key"]
    assert post() == 0
    assert "key that sealed" in Delivery.objects.get().error
    settings.VAULT_KEYS = ["another key", settings.SECRET_KEY]
    assert post(11) == 1


def test_how_a_channel_fares(receiver: Receiver) -> None:
    opened(receiver)
    tell("chen", key="a")
    receiver.answers = [(500, b"busy")]
    post()
    (found,) = queries.traffic(person("admin"))
    assert (found.sent, found.waiting, found.failed) == (0, 1, 0)
    assert "busy" in found.last_error
    assert queries.traffic(person("chen")) == []
