"""What people are told, in their language and with the rule that they ran into."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.committees.models import Committee, Seat
from registry.core.people.models import User
from tests.governance.desk.test_what_is_shown import browser, page
from tests.rest.calling import caller
from tests.world import PASSWORD, head_office, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short-1", "密码太短，至少须有 12 个字符。"),
        ("password1234", "密码太常见。"),
        ("739517395173", "密码不能全为数字。"),
        ("newcomer-one-1", "密码与用户名过于相似。"),
    ],
)
def test_a_weak_password_is_refused_in_chinese(password: str, told: str) -> None:
    new = {"username": "newcomer-one", "name": "新人", "password": password, "email": ""}
    answer = browser("admin", "zh-hans").post(f"/do/enrol-person/{head_office().pk}/", new)
    assert told in answer.content.decode()
    assert not User.objects.filter(username="newcomer-one").exists()


def test_a_closed_login_tells_everybody_alike_to_wait_or_to_ask() -> None:
    def told(username: str, password: str) -> str:
        client = Client(headers={"Accept-Language": "zh-hans"})
        return client.post(
            "/admin/login/", {"username": username, "password": password}
        ).content.decode()

    for username in ("wang", "nobody-of-this-name"):
        for _ in range(5):
            told(username, "wrong")
        assert "请等待一刻钟，或联系系统管理员。" in told(username, PASSWORD), username


def test_an_unknown_answer_is_refused_in_chinese() -> None:
    answers = {"answers": {"Q03": "nonsense"}}
    refused = caller("wang").post("/grades/previews/", answers)
    assert refused.json()["detail"] == "“nonsense”不是问题 Q03 的可选答案。"


@pytest.mark.parametrize(
    ("verb", "told"),
    [("open-entity", "Capital letters, digits, - and _ only."),
     ("establish-committee", "Small letters, digits and _ only")],
)  # fmt: skip
def test_a_code_that_is_none_names_the_rule(verb: str, told: str) -> None:
    who = "admin" if verb == "open-entity" else "mi"
    path = f"/do/{verb}/{head_office().pk}/"
    html = browser(who).post(path, {"code": "a B!", "name_zh": "名"}).content.decode()
    assert html.count(told) == 2  # the help, and the fault


def test_a_seat_is_chosen_from_those_that_policy_names() -> None:
    mrc = Committee.objects.get(code="mrc")
    path = f"/do/give-seat/{mrc.pk}/"
    html = page("mi", path)
    assert '<option value="mrm_head">Head of model risk</option>' in html
    assert "cro" not in html[html.index('name="name"') : html.index('name="is_chair"')]
    seat = {"user": str(person("ma").pk), "valid_from": "2026-11-01"}
    refused = browser("mi").post(path, seat | {"name": "mrm-head"})
    assert refused.status_code == 422
    assert browser("mi").post(path, seat | {"name": ""}).status_code == 302
    assert Seat.objects.get(user=person("ma"), committee=mrc).name == ""
