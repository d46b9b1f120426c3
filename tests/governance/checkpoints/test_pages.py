"""The pages of human intervention, in both languages, for those who may and those who may not."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from governance.checkpoints import services
from governance.checkpoints.models import Case, Competence, Plan
from governance.desk.admin.verbs.oversight import OVERSIGHT_VERBS
from registry.core import clock
from registry.releases.models import Release
from tests.governance.checkpoints.world import PLAN, decision
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import changes, footprint
from tests.states import LIVE
from tests.world import head_office, person

LANGUAGES = ("zh-hans", "en")


def held(live: Release, number: int = 1, **told: Any) -> Case:
    fields = {"score": 0.5} | told.pop("fields", {})
    (found,) = services.take(
        gateway=person("gateway"), told=[decision(live, number, fields=fields, **told)]
    )
    assert found.case is not None
    return found.case


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_queue_leads_through_a_case_back_to_the_queue(live: Release, language: str) -> None:
    case = held(live)
    fu, path = browser("fu", language), f"/cases/{case.pk}/"
    assert f"{path}take-up/" in fu.get("/cases/").content.decode()
    assert f"{path}take-up/" in fu.get("/admin/").content.decode()
    assert 'id="decide"' not in fu.get(path).content.decode()
    assert fu.post(f"{path}take-up/").headers["Location"] == path
    html = fu.get(path).content.decode()
    assert "score &gt;= 0.48" in html
    assert "score = 0.5" in html
    told = {"outcome": "override", "reason_code": "model_wrong", "final_output": "refuse"}
    answer = fu.post(path, told)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/cases/")
    case.refresh_from_db()
    assert (case.state, case.decided_by) == ("decided", person("fu"))
    assert ("推翻" if language == "zh-hans" else "override") in fu.get(path).content.decode()


def test_a_refusal_stands_on_the_form(live: Release) -> None:
    case = held(live, output="refuse", fields={"score": 0.3})
    fu, path = browser("fu", "en"), f"/cases/{case.pk}/"
    fu.post(f"{path}take-up/")
    before = footprint()
    answer = fu.post(path, {"outcome": "accept", "reason_code": "facts_confirmed"})
    assert answer.status_code == 422
    assert "at least 10 seconds" in answer.content.decode()
    answer = fu.post(path, {"outcome": "override", "reason_code": "facts_confirmed"})
    assert "does not fit" in answer.content.decode() or "10 seconds" in answer.content.decode()
    assert changes(before) == {}


def test_the_second_person_does_not_see_the_first_view(live: Release) -> None:
    case = held(live, fields={"amount": 300_000})
    services.claim(actor=person("fu"), case_id=case.pk)
    services.decide(
        actor=person("fu"), case_id=case.pk, outcome="accept", reason_code="within_policy",
        note="第一人的意见",
    )  # fmt: skip
    fang, path = browser("fang", "en"), f"/cases/{case.pk}/"
    fang.post(f"{path}take-up/")
    html = fang.get(path).content.decode()
    assert 'id="decide"' in html
    assert "第一人的意见" not in html
    assert "Within the lending" not in html.split('id="decide"')[0]


def test_who_may_not_decide_reads_and_is_refused(live: Release) -> None:
    case = held(live)
    path = f"/cases/{case.pk}/"
    assert browser("hai", "en").get(path).status_code == 404
    shen = browser("shen", "en")
    assert shen.get(path).status_code == 200
    before = footprint()
    shen.post(f"{path}take-up/")
    shen.post(path, {"outcome": "accept", "reason_code": "facts_confirmed"})
    assert changes(before) == {}


def subjects(live: Release) -> dict[str, tuple[str, Any]]:
    """For each verb, somebody who has its button, and what it can be about."""
    draft = services.draft(actor=person("wang"), release_id=live.pk, content=PLAN)
    case = held(live, 99)
    services.claim(actor=person("fu"), case_id=case.pk)
    return {
        "draft-plan": ("wang", live), "test-plan": ("wang", draft),
        "activate-plan": ("chen", draft), "withdraw-plan": ("wang", draft),
        "escalate-case": ("fu", case), "view-case": ("fu", case), "ask-case": ("fu", case),
        "reply-case": ("wang", case), "plant-case": ("chen", case),
        "record-competence": ("xu", person("fan")),
        "end-competence": ("xu", Competence.objects.get(user=person("fei"))),
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verb_shows_its_form_to_those_who_have_it(live: Release, language: str) -> None:
    found = subjects(live)
    assert found.keys() == OVERSIGHT_VERBS.keys()
    for key, (username, subject) in found.items():
        client = browser(username, language)
        assert client.get(f"/do/{key}/{subject.pk}/").status_code == 200, key
        assert browser("jian", "en").get(f"/do/{key}/{subject.pk}/").status_code in (403, 404), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plan_from_its_draft_to_its_force(live: Release, language: str) -> None:
    wang, chen = browser("wang", language), browser("chen", language)
    path = f"/do/draft-plan/{live.pk}/"
    faulty = wang.post(path, {"content": PLAN.replace("score >= 0.48", "skore >= 0.48")})
    assert faulty.status_code == 422
    assert "skore" in faulty.content.decode()
    made = wang.post(path, {"content": PLAN})
    page = made.headers["Location"]
    row = Plan.objects.get(pk=page.split("/")[2])
    assert chen.post(f"/do/activate-plan/{row.pk}/").status_code == 422
    sample = {"decisions": [{"release": live.code, "reference": "T", "output": "approve",
                             "fields": {"score": 0.5, "amount": 1, "colour": "red"}}]}  # fmt: skip
    refused = wang.post(f"/do/test-plan/{row.pk}/", {"decisions": json.dumps(sample)})
    assert refused.status_code == 422
    del sample["decisions"][0]["fields"]["colour"]  # type: ignore[attr-defined]  # a dict
    passed = wang.post(f"/do/test-plan/{row.pk}/", {"decisions": json.dumps(sample)}, follow=True)
    assert "hold (grey_zone)" in passed.content.decode()
    wang.post(f"/do/activate-plan/{row.pk}/")
    row.refresh_from_db()
    assert row.state == "draft"
    assert chen.post(f"/do/activate-plan/{row.pk}/").status_code == 302
    assert sorted(Plan.objects.values_list("state", flat=True)) == ["in_force", "replaced"]
    assert "信贷人工复核" in chen.get(page).content.decode() or language == "en"
    assert row.code in chen.get(f"/releases/{live.pk}/").content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plan_shows_how_people_oversee(live: Release, language: str) -> None:
    for number in range(6):
        case = held(live, number)
        services.claim(actor=person("fu"), case_id=case.pk)
        with clock.at(LIVE + dt.timedelta(seconds=30)):
            services.decide(
                actor=person("fu"), case_id=case.pk, outcome="accept",
                reason_code="facts_confirmed",
            )  # fmt: skip
    html = browser("chen", language).get(f"/plans/{Plan.objects.get().pk}/").content.decode()
    assert "傅复核" in html
    assert "30.0 s" in html
    assert '<svg class="interval"' in html


def test_competence_is_recorded_by_the_department_head(live: Release) -> None:
    told = {"key": "credit_review", "valid_to": "2027-01-01", "daily_limit": "60", "proof": "T-1"}
    told["entity"] = str(head_office().pk)
    fan = person("fan")
    assert browser("xu", "en").post(f"/do/record-competence/{fan.pk}/", told).status_code == 302
    assert Competence.objects.get(user=fan).recorded_by == person("xu")
