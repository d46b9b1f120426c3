"""Where Django would end with a bare page, ours has a title, a sentence and a way out."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.governance.desk.test_what_is_shown import browser
from tests.world import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "title", "way"),
    [("en", "This form has expired", "Open the page again"),
     ("zh-hans", "表单已失效", "重新打开该页面")],
)  # fmt: skip
def test_a_stale_form_is_told_so_with_a_way_back(language: str, title: str, way: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": language})
    client.force_login(person("wang"))
    told = {"HTTP_REFERER": "http://testserver/register/", "HTTP_HOST": "testserver"}
    answer = client.post("/register/", {"csrfmiddlewaretoken": "x" * 64}, **told)  # type: ignore[arg-type]  # WSGI's names
    html = answer.content.decode()
    assert answer.status_code == 403
    for text in (title, way, 'href="/register/"', 'href="/admin/login/"'):
        assert text in html, text


@pytest.mark.parametrize(
    ("language", "nothing", "expired"),
    [("en", "There is nothing here", "This form has expired"),
     ("zh-hans", "此处没有内容", "表单已失效")],
)  # fmt: skip
def test_whoever_is_not_logged_in_is_told_so_too(language: str, nothing: str, expired: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": language})
    missing = client.get("/nowhere/")
    assert missing.status_code == 404
    assert nothing in missing.content.decode()
    assert 'href="/admin/login/"' in missing.content.decode()
    stale = client.post("/admin/login/", {"username": "wang", "password": "x"})
    assert stale.status_code == 403
    assert expired in stale.content.decode()


@pytest.mark.parametrize(("language", "title"), [("en", "not open to you"), ("zh-hans", "无权")])
def test_the_theme_s_own_add_pages_say_where_rows_come_from(language: str, title: str) -> None:
    answer = browser("wang", language).get("/admin/registry/aimodel/add/")
    html = answer.content.decode()
    assert answer.status_code == 403
    assert title in html
    assert 'href="/admin/"' in html
