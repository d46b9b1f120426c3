"""Webhooks in the browser: opened, tried, kept and closed by administrators, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from governance.desk.admin.verbs.webhooks import WEBHOOK_VERBS
from governance.desk.admin.webhooks import events_in_words
from governance.webhooks import services as webhooks
from governance.webhooks.models import Sending, Subscription
from tests.governance.desk.test_what_is_shown import browser
from tests.governance.webhooks.telling import happen, opened, send
from tests.registry.core.receiver import Receiver
from tests.world import head_office

pytestmark = pytest.mark.django_db


def told(receiver: Receiver, **changed: Any) -> dict[str, Any]:
    return {
        "name": "安全中心", "address": f"{receiver.origin}/hook?key=k1", "secret": "",
        "groups": ["releases"], "kinds": "system.*\n", "entity": head_office().pk,
        "description": "",
    } | changed  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_whole_life_of_a_webhook_in_the_browser(receiver: Receiver, language: str) -> None:
    client, place = browser("admin", language), head_office()
    assert client.get("/webhooks/").status_code == 200
    assert client.get(f"/do/open-webhook/{place.pk}/").status_code == 200
    answer = client.post(f"/do/open-webhook/{place.pk}/", told(receiver), follow=True)
    html = answer.content.decode()
    assert "安全中心" in html
    assert "whsec_" in html
    assert "key=k1" not in html
    row = Subscription.objects.get()
    assert row.types == ["deployment.*", "lifecycle.*", "release.*", "system.*"]
    happen()
    receiver.answers = [(500, b"broken")]
    send(row)
    page = client.get(f"/webhooks/{row.pk}/")
    assert b"HTTP 500: broken" in page.content
    assert b"whsec_" not in page.content
    assert client.get(f"/webhooks/{row.pk}/?state=failed").status_code == 200
    for verb, data in (
        ("try-webhook", {}),
        ("rotate-webhook", {"overlap_hours": 1, "secret": ""}),
        ("change-webhook", told(receiver, name="新名", address="", groups=["*"])),
        ("replay-webhook", {"what": "failed"}),
        ("pause-webhook", {}),
        ("resume-webhook", {}),
        ("close-webhook", {}),
    ):
        assert client.get(f"/do/{verb}/{row.pk}/").status_code == 200, verb
        assert client.post(f"/do/{verb}/{row.pk}/", data).status_code == 302, verb
        assert client.get(f"/webhooks/{row.pk}/").status_code == 200, verb
    row.refresh_from_db()
    assert (row.state, row.name, row.types) == ("closed", "新名", ["*"])
    assert b"siem" not in client.get("/webhooks/").content


def test_a_test_that_is_not_taken_says_why(receiver: Receiver) -> None:
    row = opened(receiver)
    receiver.answers = [(401, b"who are you")]
    answer = browser("admin", "en").post(f"/do/try-webhook/{row.pk}/", follow=True)
    assert "The test was not taken: HTTP 401: who are you" in answer.content.decode()


def test_what_has_failed_is_sent_again(receiver: Receiver) -> None:
    row = opened(receiver, types=["system.*"])
    happen()
    webhooks.claim()
    Sending.objects.update(state="failed", attempts=10)
    answer = browser("admin", "en").post(
        f"/do/replay-webhook/{row.pk}/", {"what": "failed"}, follow=True
    )
    assert "Messages that go out again: 1." in answer.content.decode()
    assert send(row) == 1


@pytest.mark.parametrize(
    ("language", "way_out"), [("zh-hans", "公网 https 地址可以使用"), ("en", "The operators list")]
)
def test_an_address_inside_is_refused_with_the_way_out(
    receiver: Receiver, language: str, way_out: str
) -> None:
    answer = browser("admin", language).post(
        f"/do/open-webhook/{head_office().pk}/", told(receiver, address="https://10.0.0.1/x")
    )
    assert answer.status_code == 422
    assert way_out in answer.content.decode()
    assert not Subscription.objects.exists()


def test_nobody_else_sees_webhooks(receiver: Receiver) -> None:
    row = opened(receiver)
    for username in ("sun", "shen", "wang"):
        client = browser(username, "en")
        for path in ("/webhooks/", f"/webhooks/{row.pk}/"):
            assert client.get(path).status_code == 403, path
        for verb in WEBHOOK_VERBS:
            assert client.get(f"/do/{verb}/{row.pk}/").status_code in (403, 404), verb


def test_events_are_named_by_group_and_kind() -> None:
    with translation.override("en"):
        assert events_in_words(["*"]) == "everything"
        told = events_in_words(["clock.*", "release.moved", "plan.te*"])
    assert told == "Legal clocks, plan.te*, release moved to another stage"
