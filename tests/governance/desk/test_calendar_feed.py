"""The calendar of one's own: by an address that ends with the password, and what it tells whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.clocks import services as clocks
from governance.reviews import services as reviews
from governance.reviews.models import Package
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.queries import calendar_key
from registry.releases.models import Release
from tests import story
from tests.governance.desk.test_what_is_shown import browser
from tests.governance.reviews.doing import on, report, waiting
from tests.world import PASSWORD, head_office, person

BANK = "https://models.bank.example"
NEW_PASSWORD = "another-Password-for-tests-2"


@pytest.fixture(autouse=True)
def public(settings: Any) -> None:
    settings.PUBLIC_URL = BANK


def read(key: str, **headers: str) -> HttpResponse:
    """What a calendar program is answered: it has no cookies and asks for no language."""
    return Client().get(f"/calendar/{key}.ics", headers=headers)  # type: ignore[return-value]  # the client's


def events(username: str) -> dict[str, dict[str, str]]:
    """UID → name → value of the person's calendar, unfolded."""
    response = read(calendar_key(person(username)))
    assert response.status_code == 200
    whole = response.content.decode()
    assert "\n" not in whole.replace("\r\n", "")
    assert max(len(line.encode()) for line in whole.split("\r\n")) <= 75
    found: dict[str, dict[str, str]] = {}
    for block in re.findall("BEGIN:VEVENT\r\n(.*?)END:VEVENT", whole.replace("\r\n ", ""), re.S):
        told = dict(line.split(":", 1) for line in block.strip().split("\r\n"))
        assert told["UID"] not in found
        found[told["UID"]] = told
    return found


def speaking(username: str, language: str) -> User:
    return people.set_preferences(actor=person(username), language=language, time_zone="")


def uids(rows: Any) -> set[str]:
    return {f"{row.pk}@mingce" for row in rows}


# What stands in it


@pytest.mark.parametrize(
    ("language", "name", "summary", "work"),
    [
        ("", "明册：检查与法定时限", "检查：零售贷款申请评分卡", r"执行：PR-02 性能与漂移"),
        (
            "en",
            "Mingce: reviews and legal clocks",
            "Review: Retail scorecard",
            "To carry out: PR-02",
        ),
    ],
    ids=["zh", "en"],
)
def test_the_owner_finds_the_reviews_of_a_year(
    live: Release, language: str, name: str, summary: str, work: str
) -> None:
    speaking("wang", language)
    found = events("wang")
    mine = Package.objects.filter(release=live, reviews__kind="PR-02", state="open")
    package = mine.get(due_on="2026-04-12")
    told = found[f"{package.pk}@mingce"]
    assert (told["DTSTART;VALUE=DATE"], told["SEQUENCE"]) == ("20260412", str(package.row_version))
    assert told["SUMMARY"].startswith(summary)
    assert told["DESCRIPTION"].startswith(work)
    assert told["DESCRIPTION"].endswith(f"\\n{package.code}")
    assert told["URL"] == f"{BANK}/reviews/{package.pk}/"
    whole = read(calendar_key(person("wang"))).content.decode()
    assert f"X-WR-CALNAME:{name}\r\n" in whole


def test_what_is_due_in_more_than_a_year_is_not_in_it_yet(live: Release) -> None:
    (later,) = uids(Package.objects.filter(release=live, due_on="2027-01-12"))
    with on("2026-01-11"):
        assert later not in events("chen")
    with on("2026-01-12"):
        assert later in events("chen")


def test_a_review_to_sign_stands_in_the_signers_calendar_and_not_in_the_submitters(
    live: Release,
) -> None:
    row = waiting(live, "PR-02")
    uid = f"{row.package_id}@mingce"
    speaking("chen", "en")
    before = events("chen").get(uid, {}).get("DESCRIPTION", "")
    reviews.submit(actor=person("wang"), review_id=row.pk, report=report(row))
    assert "PR-02" not in before
    assert "To sign off: PR-02" in events("chen")[uid]["DESCRIPTION"]
    assert "PR-02" not in events("wang").get(uid, {}).get("DESCRIPTION", "")


def test_a_clock_stands_at_its_last_moment_for_who_completes_it(live: Release) -> None:
    speaking("data", "en")
    about: dict[str, Any] = {"kind": "data_incident_formal", "event_at": clock.now()}
    reason = "客户数据外发，已初步核实。"
    rows = [
        clocks.start(actor=person("data"), reason=reason, release=live, **about),
        clocks.start(actor=person("data"), reason=reason, entity=head_office(), **about),
    ]
    found = events("data")
    assert uids(rows) <= found.keys()
    told = found[f"{rows[0].pk}@mingce"]
    assert told["DTSTART"] == "20260113T040000Z"
    assert told["URL"] == f"{BANK}/clocks/{rows[0].pk}/"
    assert told["SUMMARY"] == (
        r"Legal limit: Data-security incident\, formal report\, Retail scorecard"
    )
    assert told["DESCRIPTION"] == rows[0].code
    assert reason not in read(calendar_key(person("data"))).content.decode()
    assert events("chen").keys().isdisjoint(uids(rows))


def test_of_a_confidential_model_the_code_alone_and_to_nobody_else_anything(live: Release) -> None:
    secret = story.to_production(story.register(name="保密评分卡", is_confidential=True))
    dispatch.run()
    mine = uids(Package.objects.filter(release=secret, state="open"))
    found = events("wang")
    assert mine & found.keys()
    whole = read(calendar_key(person("wang"))).content.decode().replace("\r\n ", "")
    assert "保密评分卡" not in whole
    code = secret.model_use.model.code
    assert all(code in found[uid]["SUMMARY"] for uid in mine & found.keys())
    others = events("chen").keys()
    assert others & uids(Package.objects.filter(release=live))
    assert others.isdisjoint(mine)


def test_it_costs_the_same_for_one_package_as_for_many(live: Release) -> None:
    key = calendar_key(person("wang"))
    read(key)
    few = statements(lambda: read(key))
    held = len(events("wang"))
    for number in range(3):
        story.to_production(story.register(name=f"评分卡 {number}"))
    dispatch.run()
    assert len(events("wang")) >= held + 3
    assert statements(lambda: read(key)) == few <= 8


def statements(call: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as found:
        call()
    return len(found.captured_queries)


# Who reads it


def test_the_answer_is_the_readers_alone_and_sets_no_cookie(live: Release) -> None:
    response = read(calendar_key(speaking("wang", "en")), **{"Accept-Language": "zh-hans"})
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Cache-Control"] == "private, max-age=900"
    assert response.headers["Content-Language"] == "en"
    assert not response.cookies
    assert "Set-Cookie" not in response.headers


def flipped(key: str) -> str:
    return key[:-1] + ("A" if key[-1] != "A" else "B")


def of_somebody_else(key: str) -> str:
    """Another person's number, with one's own mark and signature."""
    return person("sun").pk.hex + key[32:]


def signed_elsewhere(key: str) -> str:
    return signing.Signer(salt="elsewhere", sep=".").sign(key.rpartition(".")[0])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [flipped, of_somebody_else, signed_elsewhere, lambda key: key.rpartition(".")[0],
     lambda key: "", lambda key: "x.y", lambda key: "中文", lambda key: key + ".ics"],
    ids=["flipped", "another person", "another salt", "unsigned", "empty", "x", "zh", "twice"],
)  # fmt: skip
def test_a_forged_address_is_404_before_anything_is_read(change: Callable[[str], str]) -> None:
    key = calendar_key(person("wang"))
    assert read(key).status_code == 200
    forged = change(key)
    with CaptureQueriesContext(connection) as found:
        response = read(forged)
    assert response.status_code == 404
    assert found.captured_queries == []
    if forged:
        assert response.content == b"404\n"


def password_changed() -> None:
    people.change_password(actor=person("wang"), old_password=PASSWORD, new_password=NEW_PASSWORD)


def password_reset() -> None:
    people.reset_password(
        actor=person("admin"), user_id=person("wang").pk, password=NEW_PASSWORD, reason="忘记密码"
    )


def deactivated() -> None:
    people.deactivate(actor=person("admin"), user_id=person("wang").pk, reason="离职")


@pytest.mark.django_db
@pytest.mark.parametrize("end", [password_changed, password_reset, deactivated])
def test_an_address_ends(end: Callable[[], None]) -> None:
    key, other = calendar_key(person("wang")), calendar_key(person("sun"))
    assert read(key).status_code == 200
    end()
    ended = read(key)
    assert (ended.status_code, ended.content) == (404, b"404\n")
    assert read(other).status_code == 200
    assert calendar_key(person("wang")) != key or not person("wang").is_active


@pytest.mark.django_db
def test_other_changes_of_the_person_leave_the_address_as_it_is() -> None:
    key = calendar_key(person("wang"))
    assert calendar_key(speaking("wang", "en")) == key
    assert read(key).status_code == 200


@pytest.mark.django_db
def test_machines_have_no_calendar() -> None:
    assert read(calendar_key(person("pipeline"))).status_code == 404


@pytest.mark.django_db
def test_nothing_is_written_through_the_address() -> None:
    assert Client().post(f"/calendar/{calendar_key(person('wang'))}.ics").status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "title"), [("zh-hans", "订阅到日历"), ("en", "Subscribe in a calendar")]
)
def test_the_page_of_reviews_leads_to_ones_own_address(language: str, title: str) -> None:
    client = browser("wang", language)
    listing = client.get("/reviews/").content.decode()
    assert re.search(rf'href="/calendar/">{title}<', listing)
    html = client.get("/calendar/").content.decode()
    assert title in html
    key = calendar_key(person("wang"))
    assert f"{BANK}/calendar/{key}.ics" in html
    assert f"webcal://models.bank.example/calendar/{key}.ics" in html
    assert Client().get("/calendar/").status_code == 302


@pytest.mark.django_db
def test_without_a_public_address_it_is_that_of_the_request(settings: Any) -> None:
    settings.PUBLIC_URL = ""
    html = browser("wang").get("/calendar/").content.decode()
    assert f"http://testserver/calendar/{calendar_key(person('wang'))}.ics" in html
