"""The pages about reviews, in both languages; the verbs behind their buttons; the command."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from governance.desk.admin.verbs.reviews import REVIEW_VERBS
from governance.reviews import services
from governance.reviews.models import Package
from registry.core import clock
from registry.releases.models import Release
from tests.governance.desk.test_what_is_shown import browser
from tests.governance.reviews.doing import on, report, rungs, sweep, waiting
from tests.refusals import changes, footprint
from tests.world import head_office, person

WORDS = {
    "zh-hans": ("周期检查", "性能与漂移", "检查任务"),
    "en": ("Reviews", "Performance and drift", "Review to do"),
}


def get(username: str, path: str, language: str = "zh-hans") -> str:
    response = browser(username, language).get(path)
    assert response.status_code == 200, (path, response.status_code)
    return str(response.content.decode())


@pytest.mark.parametrize("language", sorted(WORDS))
def test_the_months_and_the_package_say_it_in_words(live: Release, language: str) -> None:
    title, kind, rung = WORDS[language]
    with on("2026-04-05"):
        sweep()
        html = get("wang", "/reviews/?month=2026-04", language)
        assert title in html
        assert kind in html
        package = Package.objects.get(release=live, due_on="2026-04-12")
        assert rung in get("chen", f"/reviews/{package.pk}/", language)
        assert kind in get("wang", "/admin/", language)
        assert kind in get("wang", f"/releases/{live.pk}/", language)


@pytest.mark.parametrize(
    "query", ["", "?month=2026-13", "?month=x", "?month=9999-12", "?kind=PR-99"]
)
def test_whatever_month_is_asked_for_the_page_opens(live: Release, query: str) -> None:
    get("jian", f"/reviews/{query}")


def test_every_verb_shows_its_form_to_those_who_have_it(live: Release) -> None:
    package = Package.objects.get(release=live, due_on="2026-04-12")
    todo, signed = waiting(live, "PR-02"), waiting(live, "PR-06")
    services.submit(actor=person("chen"), review_id=signed.pk, report=report(signed))
    campaign = services.open_campaign(
        actor=person("chen"), entity=head_office(), title="台账确认",
        due_on=clock.today() + dt.timedelta(days=20),
    )  # fmt: skip
    subjects: dict[str, tuple[str, Any]] = {
        "submit-review": ("wang", todo),
        "explain-review": ("chen", waiting(live, "PR-03")),
        "compute-importances": ("chen", waiting(live, "PR-03")),
        "return-review": ("sun", signed),
        "sign-off-review": ("sun", signed),
        "hand-in-review-paper": ("wang", package),
        "reassign-package": ("chen", package),
        "defer-package": ("gao", package),
        "call-for-review": ("chen", live),
        "record-past-review": ("chen", live),
        "open-campaign": ("chen", head_office()),
        "close-campaign": ("chen", campaign),
    }
    assert subjects.keys() == REVIEW_VERBS.keys()
    for verb, (username, subject) in subjects.items():
        get(username, f"/do/{verb}/{subject.pk}/")


def test_a_review_is_carried_out_and_signed_off_in_the_browser(live: Release) -> None:
    row = waiting(live, "PR-02")
    path = f"/do/submit-review/{row.pk}/"
    told = {f"check_{key}": "已核对" for key in ("performance", "stability", "breaches")}
    told |= {"outcome": "in_order", "summary": "各项指标均在阈值之内。"}
    missing = browser("wang").post(path, told | {"check_stability": ""})
    assert missing.status_code == 422
    assert browser("wang").post(path, told).status_code == 302
    assert browser("chen").post(f"/do/sign-off-review/{row.pk}/", {"yes": "1"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.checklist["stability"]) == ("signed_off", "已核对")


def test_the_command_prints_what_would_come_and_writes_nothing(live: Release) -> None:
    before, told = footprint(), io.StringIO()
    call_command("reviews", "due", "--as-of", "2026-03-29", stdout=told)
    lines = told.getvalue().splitlines()
    assert [line.split("\t")[0] for line in lines[:-1]] == ["task", "two_weeks"]
    assert changes(before) == {}
    assert rungs(Package.objects.get(release=live, due_on="2026-04-12")) == []


def test_the_command_refuses_a_day_that_is_none(live: Release) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("reviews", "due", "--as-of", "30.4.2026")
    assert caught.value.returncode == 2


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_packages_are_reassigned_together_in_the_browser(live: Release, language: str) -> None:
    packages = list(Package.objects.filter(release=live, due_on__in=["2026-07-12", "2027-01-12"]))
    client = browser("sun", language)
    assert 'form="reassign"' in client.get("/reviews/", {"month": "2026-07"}).content.decode()
    told: dict[str, Any] = {
        "packages": [str(row.pk) for row in packages], "to": str(person("he").pk),
        "reason": "岗位调整，移交办理。",
    }  # fmt: skip
    assert client.post("/reviews/reassign/", told).status_code == 302
    assert set(Package.objects.filter(assignee=person("he"))) == set(packages)
    wrong: list[dict[str, Any]] = [{"reason": "短"}, {"to": "nobody"}, {"packages": []}]
    for changed in wrong:
        before = footprint()
        client.post("/reviews/reassign/", told | changed)
        assert changes(before) == {}
    assert browser("wang", language).post("/reviews/reassign/", told).status_code in (302, 403)
    assert b'form="reassign"' not in browser("wang", language).get("/reviews/").content
