"""What the desk shows to whom: its own doors, its subjects in words, no button that must fail."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from governance.approvals.models import Approval
from governance.findings import services as findings
from governance.findings.models import Waiver
from governance.suspensions import services as suspensions
from governance.validations import services as validations
from governance.validations.models import Validation
from registry.catalogue import services as catalogue
from registry.catalogue.models import ModelVersion, NeedToKnow
from registry.core import clock
from registry.releases.models import Deployment, Release
from tests import story
from tests.story import Story
from tests.world import PASSWORD, head_office, person

pytestmark = pytest.mark.django_db


def browser(username: str, language: str = "en") -> Client:
    """The person's browser."""
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(username))
    return client


def page(username: str, path: str, language: str = "en") -> str:
    """The page as the person sees it."""
    response = browser(username, language).get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def buttons(html: str) -> set[str]:
    """The verbs that the page offers, without their subjects."""
    return set(re.findall(r'href="/do/([a-z-]+)/', html))


def answered() -> Validation:
    """A validation that the owner has answered."""
    told = story.to_validation(story.register())
    validation = validations.plan(
        actor=person("zhao"), release_id=told.release.pk, plan="独立复算与压力测试",
        scope="数据、方法与实施", independence="本人未参与该模型的开发与使用。",
    )  # fmt: skip
    test = validations.TestResult("performance", "AUC", "0.787", "passed", "≥ 0.70")
    validations.record_test(actor=person("zhao"), validation_id=validation.pk, result=test)
    told_findings = validations.Findings("satisfactory", "E1", "模型可用，未见缺陷。", "")
    validations.conclude(actor=person("zhao"), validation_id=validation.pk, findings=told_findings)
    return validations.answer(actor=person("wang"), validation_id=validation.pk, response="同意。")


def waiver(told: Story) -> Waiver:
    """A waiver that waits for its answer."""
    return findings.ask_waiver(
        actor=person("wang"), release_id=told.release.pk, requirement="security_test",
        reason="安全测试排期在下月。", compensating_measures="仅在内网使用。",
        expires_on=clock.today() + dt.timedelta(days=30),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("username", "shown", "hidden"),
    [
        ("wang", {"/register/"}, {"/trail/"}),
        ("shen", {"/trail/"}, {"/register/"}),
        ("chen", {"/register/", "/trail/"}, set()),
    ],
)
def test_the_side_bar_shows_the_pages_that_the_roles_open(
    username: str, shown: set[str], hidden: set[str]
) -> None:
    links = set(re.findall(r'href="(/[^"]*)"', page(username, "/policy/")))
    assert shown <= links
    assert not hidden & links


def test_an_answered_validation_waits_for_those_who_may_sign_it() -> None:
    link = f'<a href="/validations/{answered().pk}/">'
    for username in ("sun", "chen"):
        html = page(username, "/admin/")
        assert "Validations to sign off" in html
        assert link in html
    for username in ("zhao", "wang", "shen"):
        assert "Validations to sign off" not in page(username, "/admin/"), username


def test_an_answer_to_a_waiver_shows_what_is_asked() -> None:
    row = waiver(story.register())
    html = page("sun", f"/do/answer-waiver/{row.pk}/")
    release = row.release
    for text in ("Security and adversarial test", "安全测试排期在下月。", "仅在内网使用。",
                 "王建国", row.expires_on.isoformat(), "Retail scorecard",
                 f'href="/releases/{release.pk}/"', "S0 inception"):  # fmt: skip
        assert text in html, text
    assert "checked" not in html


def test_a_vote_and_a_conclusion_choose_nothing_beforehand() -> None:
    approval = story.to_approval(story.register())
    assert "checked" not in page("sun", f"/approvals/{approval.pk}/")
    validation = approval.release.validations.get()
    html = page("zhao", f"/do/conclude-validation/{validation.pk}/")
    assert html.count('<option value="" selected>Please choose</option>') == 2


def test_a_verb_names_its_subject_in_the_breadcrumb_and_beside_the_form() -> None:
    release = story.register().release
    html = page("wang", f"/do/promote/{release.pk}/")
    assert f'<a href="/releases/{release.pk}/">Retail scorecard</a>' in html
    for text in (release.code, "1.0.0", "S0 inception", "零售贷款审批"):
        assert text in html, text


def registration(**more: str) -> dict[str, str]:
    """A registration that departs from what the facts suggest: public data, at level 0."""
    entity, owner = str(head_office().pk), str(person("wang").pk)
    return {
        "name_zh": "新模型", "use_name_zh": "新场景", "purpose": "测试用途", "entity": entity,
        "owner": owner, "Q06": "public",
    } | more  # fmt: skip


def test_a_departure_asks_for_its_reason_where_it_is_missing() -> None:
    client = browser("wang")
    refused = client.post("/register/", registration())
    html = refused.content.decode()
    assert refused.status_code == 422
    assert 'name="reason_F6"' in html
    assert 'name="reason_F3"' not in html
    assert "F6 departs from what the facts suggest (level 1): say why." in html
    made = client.post("/register/", registration(reason_F6="只用已公开的统计数据。"))
    assert made.status_code == 302
    release = Release.objects.get()
    assert release.model_use.grades.get().reasons["F6"] == "只用已公开的统计数据。"


def test_the_preview_asks_for_a_reason_once() -> None:
    client = browser("wang")
    first = client.post("/register/preview/", registration()).content.decode()
    assert 'hx-swap-oob="true"' in first
    again = client.post("/register/preview/", registration(reasons_shown="F6")).content.decode()
    assert "hx-swap-oob" not in again


def test_the_questions_are_counted_as_they_are_headed() -> None:
    html = page("wang", "/register/")
    assert "3 · 12 questions" in html
    assert "0 of 12 questions answered" in html


def test_the_papers_documents_lead_to_their_files() -> None:
    approval = story.to_approval(story.register())
    html = page("sun", f"/approvals/{approval.pk}/")
    assert len(re.findall(r'<a href="/documents/[^"]+/file/">', html)) == len(
        approval.dossier["documents"]
    )


def stopped(target: str, key: Any) -> None:
    """An emergency stop is in force."""
    suspensions.order(
        actor=person("luo"), kind="stop", target_type=target, target_id=key, reason="演练停用"
    )


def test_orders_name_what_is_stopped_on_the_desk_and_in_their_list() -> None:
    release = story.register().release
    stopped("release", release.pk)
    link = f'<a href="/releases/{release.pk}/">Retail scorecard · {release.code}</a>'
    assert link in page("sun", "/admin/")
    assert link in page("sun", "/admin/governance/order/")


def test_a_stopped_release_offers_no_second_stop() -> None:
    release = story.register().release
    path = f"/releases/{release.pk}/"
    assert {"stop", "stop-model"} <= buttons(page("luo", path))
    stopped("release", release.pk)
    assert buttons(page("luo", path)) & {"stop", "stop-model"} == {"stop-model"}
    stopped("model", release.model_use.model_id)
    assert buttons(page("luo", path)) & {"stop", "stop-model"} == set()


def test_no_button_that_can_only_fail() -> None:
    told = story.register()
    path = f"/releases/{told.release.pk}/"
    assert "attach-version" not in buttons(page("wang", path))
    approval: Approval = story.to_approval(told)
    assert "request-approval" not in buttons(page("wang", path))
    story.approve(approval)
    assert "request-approval" not in buttons(page("wang", path))


def test_a_running_validation_is_not_begun_again() -> None:
    told = story.to_validation(story.register())
    path = f"/releases/{told.release.pk}/"
    assert "plan-validation" in buttons(page("zhao", path))
    validations.plan(
        actor=person("zhao"), release_id=told.release.pk, plan="独立复算与压力测试",
        scope="数据、方法与实施", independence="本人未参与该模型的开发与使用。",
    )  # fmt: skip
    assert "plan-validation" not in buttons(page("zhao", path))


def test_a_missing_document_is_handed_in_by_those_whom_the_pack_names() -> None:
    path = f"/releases/{story.register().release.pk}/"
    link = "?kind=ethics_review"
    assert link in page("qian", path)
    assert link in page("wang", path)
    for username in ("li", "sun", "shen"):
        assert link not in page(username, path), username


def test_a_missing_fact_leads_to_the_page_that_makes_it_true() -> None:
    release = story.register().release
    grade = release.model_use.grades.get()
    assert f'href="/do/confirm-grade/{grade.pk}/">Do it now' in page(
        "chen", f"/releases/{release.pk}/"
    )


def test_a_release_moves_where_the_persons_roles_may_move_it() -> None:
    approval = story.to_approval(story.register())
    path = f"/do/promote/{approval.release_id}/"
    options = re.findall(r'<option value="(S\d)"', page("wang", path))
    assert options == ["S4", "S8", "S1", "S2"]
    assert re.findall(r'<option value="(S\d)"', page("luo", path)) == []
    assert "From here your roles move a release nowhere." in page("luo", path)


def test_a_digest_says_what_it_expects_and_takes_capital_letters() -> None:
    told = story.register()
    path, client = f"/do/register-version/{told.registered.model.pk}/", browser("li")
    bad = client.post(path, {"label": "2", "digest": "abc"}).content.decode()
    assert "Expected are 64 hexadecimal characters (0–9, a–f); these are 3." in bad
    assert client.post(path, {"label": "2", "digest": "AB" * 32}).status_code == 302
    assert ModelVersion.objects.get(label="2").digest == "ab" * 32
    deployment = {"environment": "test", "digest": "AB" * 32, "traffic_percent": "1"}
    browser("luo").post(f"/do/report-deployment/{told.release.pk}/", deployment)
    assert Deployment.objects.get().digest == "ab" * 32


def test_the_search_finds_the_models_that_the_person_may_see() -> None:
    story.register(name="保密评分卡", is_confidential=True)
    find = "/admin/search/?s=评分卡&extended=1"
    assert "Retail scorecard" in page("wang", find)
    assert "No model and no page has this in its name." in page("sun", find)
    known = catalogue.initiate(
        actor=person("wang"), model=Release.objects.get().model_use.model, user=person("sun"),
        reason="参与评审",
    )  # fmt: skip
    assert "Retail scorecard" in page("sun", find)
    catalogue.end_initiation(actor=person("wang"), initiation_id=known.pk, reason="评审结束")
    assert NeedToKnow.objects.get().is_open is False
    assert "Retail scorecard" not in page("sun", find)


def test_the_people_are_shown_with_their_roles() -> None:
    html = page("wang", "/people/")
    assert "Head of model risk" in html
    assert "Duty officer, IT operations" in html


def test_who_is_enrolled_is_shown_next() -> None:
    told = {"username": "new", "name": "新人", "password": "long-enough-Pass-9", "email": ""}
    made = browser("admin").post(f"/do/enrol-person/{head_office().pk}/", told)
    assert made.headers["Location"] == f"/people/{person('new').pk}/"


def test_a_wrong_password_is_told_to_everybody_alike() -> None:
    client = Client(headers={"Accept-Language": "en"})
    wrong = client.post("/admin/login/", {"username": "wang", "password": f"{PASSWORD}x"})
    assert "User name or password is wrong" in wrong.content.decode()
    assert "staff" not in wrong.content.decode()


def test_an_empty_list_advises_nobody_to_add_a_record() -> None:
    html = page("wang", "/admin/governance/order/")
    assert "There is nothing here yet that you may see." in html
    assert "Create a new item" not in html


def test_the_preview_says_what_keeps_the_grade_provisional_and_where() -> None:
    html = browser("wang").post("/register/preview/", registration()).content.decode()
    told = html[html.index("What keeps the grade provisional") :]
    assert "Does the list of prohibited practices apply?" in told
    assert "below, in part 4" in told
    assert "How is the model updated?" in told
    assert "later, before S1 ends" in told
