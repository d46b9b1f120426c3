"""Channels in the browser: opened, tried and closed by administrators, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from registry.core.notices.models import Channel, Delivery
from tests.governance.desk.test_what_is_shown import browser
from tests.world import head_office

pytestmark = pytest.mark.django_db
TOLD: dict[str, Any] = {
    "name": "模型风险群", "way": "wecom",
    "address": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "secret": "",
    "kinds": ["review", "approval"], "language": "zh-hans",
}  # fmt: skip


@pytest.fixture(autouse=True)
def configured(settings: Any) -> None:
    settings.PUBLIC_URL = "https://models.bank.example"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_administrator_opens_tries_and_closes_a_channel(language: str) -> None:
    client, place = browser("admin", language), head_office()
    assert client.get("/channels/").status_code == 200
    assert client.get(f"/do/open-channel/{place.pk}/").status_code == 200
    answer = client.post(f"/do/open-channel/{place.pk}/", TOLD | {"entity": place.pk}, follow=True)
    html = answer.content.decode()
    assert "模型风险群" in html
    assert "key=k" not in html
    row = Channel.objects.get()
    for verb in ("try-channel", "retry-channel", "close-channel"):
        assert client.get(f"/do/{verb}/{row.pk}/").status_code == 200
        assert client.post(f"/do/{verb}/{row.pk}/").status_code == 302
    row.refresh_from_db()
    assert not row.is_open
    assert (Delivery.objects.get().action, Delivery.objects.get().state) == ("test", "failed")
    assert client.get("/channels/").status_code == 200


def test_a_made_up_secret_is_shown_this_once() -> None:
    client, place = browser("admin", "en"), head_office()
    told = TOLD | {"entity": place.pk, "way": "todo"}
    answer = client.post(f"/do/open-channel/{place.pk}/", told, follow=True)
    assert "whsec_" in answer.content.decode()
    assert "whsec_" not in client.get("/channels/").content.decode()


@pytest.mark.parametrize(
    ("language", "way_out"), [("zh-hans", "允许的主机由运维"), ("en", "The operators list")]
)
def test_another_host_is_refused_with_the_way_out(language: str, way_out: str) -> None:
    told = TOLD | {"entity": head_office().pk, "address": "https://10.0.0.1/x"}
    answer = browser("admin", language).post(f"/do/open-channel/{head_office().pk}/", told)
    assert answer.status_code == 422
    assert way_out in answer.content.decode()
    assert not Channel.objects.exists()


def test_nobody_else_has_channels() -> None:
    for username in ("sun", "shen", "wang"):
        assert browser(username, "en").get("/channels/").status_code == 403
        path = f"/do/open-channel/{head_office().pk}/"
        assert browser(username, "en").get(path).status_code == 403
