"""Every page and every verb's form opens for those whose it is, in Chinese and in English."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from governance.approvals.models import Approval
from governance.committees.models import Committee, Seat
from governance.desk.admin.verbs import VERBS
from governance.desk.admin.verbs.cards import CARD_VERBS
from governance.desk.admin.verbs.channels import CHANNEL_VERBS
from governance.desk.admin.verbs.discovery import DISCOVERY_VERBS
from governance.desk.admin.verbs.experiments import EXPERIMENT_VERBS
from governance.desk.admin.verbs.oversight import OVERSIGHT_VERBS
from governance.desk.admin.verbs.permits import PERMIT_VERBS
from governance.desk.admin.verbs.reviews import REVIEW_VERBS
from governance.desk.admin.verbs.watching import WATCHING_VERBS
from governance.desk.admin.verbs.webhooks import WEBHOOK_VERBS
from governance.findings import services as findings
from governance.lifecycle import services as lifecycle
from governance.suspensions import services as suspensions
from registry.catalogue import services as catalogue
from registry.core import clock
from registry.core.calendars import services as calendars
from registry.core.people import services as people
from registry.core.people.models import Delegation, Department, RoleAssignment, Token
from registry.core.policy.models import PackRelease
from tests import story
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
LANGUAGES = ("zh-hans", "en")
ADMIN_LISTS = {
    "registry": (
        "aimodel",
        "modelversion",
        "release",
        "usecase",
        "modeluse",
        "system",
        "document",
        "user",
        "legalentity",
        "department",
        "post",
        "roleassignment",
        "token",
        "packrelease",
        "job",
        "arrangement",
        "deployment",
    ),
    "governance": (
        "approval",
        "condition",
        "validation",
        "finding",
        "clock",
        "campaign",
        "waiver",
        "order",
        "permit",
        "metric",
        "breach",
        "committee",
        "seat",
        "resolution",
        "plan",
        "case",
        "competence",
        "feed",
        "seal",
        "sample",
    ),
}


def browser(username: str, language: str) -> Client:
    """The person's browser."""
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(username))
    return client


@pytest.fixture
def approval() -> Approval:
    """A release with an open approval and one vote."""
    found = story.to_approval(story.register())
    story.vote(found, "sun")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens(approval: Approval, language: str) -> None:
    release = approval.release
    paths = [
        "/admin/",
        "/channels/",
        "/clocks/",
        "/permits/",
        "/monitoring/",
        "/attestations/",
        "/working-days/",
        "/working-days/?country=CN&year=2028",
        "/register/",
        "/people/",
        "/institution/",
        "/committees/",
        "/policy/",
        "/trail/",
        f"/people/{person('wang').pk}/",
        f"/models/{release.model_use.model_id}/",
        f"/releases/{release.pk}/",
        f"/uses/{release.model_use_id}/grade/",
        f"/approvals/{approval.pk}/",
        f"/validations/{release.validations.get().pk}/",
    ]
    for username, closed in (("chen", {"/channels/"}), ("wang", {"/trail/", "/channels/"})):
        client = browser(username, language)
        for path in paths:
            response = client.get(path)
            assert response.status_code == (403 if path in closed else 200), path
            assert response.headers["Content-Language"] == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_list_of_the_admin_opens(approval: Approval, language: str) -> None:
    client = browser("qian", language)
    for app, names in ADMIN_LISTS.items():
        for name in names:
            assert client.get(f"/admin/{app}/{name}/").status_code == 200, name


def subjects(approval: Approval) -> dict[str, tuple[str, Any]]:
    """For each verb, somebody who has its button, and what it can be about."""
    release = approval.release
    use = release.model_use
    finding = findings.raise_finding(
        actor=person("chen"), release_id=release.pk, severity="low", title="问题"
    )
    exemption = lifecycle.ask_exemption(
        actor=person("wang"),
        release_id=release.pk,
        requirement="pilot_length",
        kind="alternative",
        reason="并行运行一个季度代替试点。",
    )
    order = suspensions.order(
        actor=person("luo"),
        kind="stop",
        target_type="release",
        target_id=release.pk,
        reason="演练停用",
    )
    validation = release.validations.get()
    secret = story.register(name="保密模型", is_confidential=True).registered.model
    admin, department = person("admin"), Department.objects.get(code="RISK")
    post = people.create_post(
        actor=admin, code="P1", title_zh="岗位", title_en="", department=department
    )
    holding = people.hold_post(actor=admin, post=post, user=person("sun"), valid_from=clock.today())
    proposed = calendars.arrange(
        actor=person("sun"), country="CN", year=2026, source="通知", days_off=[], worked_days=[]
    )
    told: dict[str, tuple[str, Any]] = {
        "register-version": ("li", use.model),
        "attach-version": ("li", release),
        "correct-model": ("wang", use.model),
        "hand-over": ("wang", use.model),
        "initiate": ("wang", secret),
        "end-initiation": (
            "wang",
            catalogue.initiate(
                actor=person("wang"), model=secret, user=person("sun"), reason="需要知悉"
            ),
        ),
        "add-use": ("wang", use.model),
        "open-release": ("wang", use),
        "override-tier": ("chen", use),
        "confirm-grade": ("chen", use.grades.get()),
        "correct-card": ("wang", use.use_case),
        "hand-in-working-paper": ("zhao", validation),
        "record-test": ("zhao", validation),
        "conclude-validation": ("zhao", validation),
        "answer-validation": ("wang", validation),
        "sign-off-validation": ("sun", validation),
        "abandon-validation": ("sun", validation),
        "plan-validation": ("zhao", release),
        "report-deployment": ("luo", release),
        "raise-finding": ("chen", release),
        "plan-finding": ("wang", finding),
        "close-finding": ("chen", finding),
        "answer-exemption": ("chen", exemption),
        "close-vote": ("mi", approval),
        "withdraw-approval": ("wang", approval),
        "stop": ("luo", release),
        "stop-model": ("luo", use.model),
        "restrict": ("chen", release),
        "stop-wider": ("luo", head_office()),
        "restrict-wider": ("chen", head_office()),
        "open-consumer": ("admin", head_office()),
        "resume": ("sun", order),
        "enrol-person": ("admin", head_office()),
        "enrol-machine": ("admin", head_office()),
        "assign-role": ("admin", person("li")),
        "end-role": ("admin", RoleAssignment.objects.first()),
        "deactivate-person": ("admin", person("li")),
        "change-password": ("li", person("li")),
        "reset-password": ("admin", person("li")),
        "delegate": ("sun", person("sun")),
        "hand-over-tasks": ("chen", person("wang")),
        "change-email": ("admin", person("li")),
        "open-entity": ("admin", head_office()),
        "arrange-working-days": ("sun", head_office()),
        "confirm-working-days": ("gao", proposed),
        "drop-working-days": ("sun", proposed),
        "start-clock": ("data", head_office()),
        "start-release-clock": ("data", release),
        "open-department": ("admin", head_office()),
        "create-post": ("admin", Department.objects.first()),
        "hold-post": ("admin", post),
        "leave-post": ("admin", holding),
        "establish-committee": ("mi", head_office()),
        "activate-pack": ("sun", PackRelease.objects.first()),
        "issue-token": ("li", person("li")),
        "give-seat": ("mi", Committee.objects.first()),
        "vacate-seat": ("mi", Seat.objects.first()),
    }
    needs_more = {
        "meet-condition", "answer-waiver", "accept-delegation", "revoke-delegation", "revoke-token",
    }  # fmt: skip
    needs_more |= {"complete-clock", "withdraw-clock"}  # test_clock_pages.py
    needs_more |= OVERSIGHT_VERBS.keys()  # tests/governance/checkpoints/test_pages.py
    needs_more |= {
        "ratify",
        "report-drill",
        "countersign-drill",
        "close-consumer",
    }  # test_order_page
    needs_more |= EXPERIMENT_VERBS.keys()  # test_experiment_page.py
    needs_more |= DISCOVERY_VERBS.keys()  # test_discovery_pages.py
    needs_more |= PERMIT_VERBS.keys()  # tests/governance/permits/test_pages.py
    needs_more |= WATCHING_VERBS.keys() - {"add-metric"}  # tests/governance/monitoring/test_pages
    needs_more |= CARD_VERBS.keys()  # tests/governance/cards/test_pages.py
    needs_more |= CHANNEL_VERBS.keys()  # test_channels_page.py
    needs_more |= WEBHOOK_VERBS.keys()  # tests/governance/webhooks/test_pages.py
    needs_more |= REVIEW_VERBS.keys()  # tests/governance/reviews/test_pages.py
    return told | {
        key: ("wang", release) for key in VERBS if key not in told and key not in needs_more
    }


def test_every_verb_shows_its_form_to_those_who_have_it(approval: Approval) -> None:
    for key, (username, subject) in subjects(approval).items():
        response = browser(username, "zh-hans").get(f"/do/{key}/{subject.pk}/")
        assert response.status_code == 200, key


def test_nobody_else_sees_a_verb(approval: Approval) -> None:
    auditor = browser("jian", "en")
    for key, (_username, subject) in subjects(approval).items():
        expected = {200} if key == "issue-token" else {403, 404}
        status = auditor.get(f"/do/{key}/{subject.pk}/").status_code
        assert status in expected, key


def test_a_refusal_is_shown_on_the_form_with_the_way_out(approval: Approval) -> None:
    response = browser("wang", "en").post(f"/do/promote/{approval.release_id}/", {"to": "S4"})
    assert response.status_code == 422
    assert b"BR-05" in response.content
    assert b"supplied by model owner, committee secretary" in response.content
    approval.release.refresh_from_db()
    assert approval.release.stage == "S3"


def test_people_are_managed_in_the_browser() -> None:
    admin, sun = browser("admin", "en"), browser("sun", "en")
    root = head_office()
    told = {"username": "new", "name": "新人", "password": "long-enough-Pass-9", "email": ""}
    assert admin.post(f"/do/enrol-person/{root.pk}/", told).status_code == 302
    role = {"role": "developer", "entity": str(root.pk)}
    assert admin.post(f"/do/assign-role/{person('new').pk}/", role).status_code == 302
    assert RoleAssignment.objects.get(user=person("new")).role == "developer"
    first = clock.today()
    days = {
        "to": str(person("chen").pk), "valid_from": first.isoformat(),
        "valid_to": (first + dt.timedelta(days=7)).isoformat(),
    }  # fmt: skip
    sun.post(f"/do/delegate/{person('sun').pk}/", days | {"reason": "休假"})
    assert Delegation.objects.get().delegate == person("chen")
    form = sun.get(f"/do/issue-token/{person('sun').pk}/").content.decode()
    assert "documents (hand_in_evidence)" in form
    desk = sun.get("/admin/").content.decode()
    assert f'href="/people/{person("sun").pk}/#tokens"' in desk
    token = {"name": "cli", "scopes": ["read"], "days": "30"}
    shown = sun.post(f"/do/issue-token/{person('sun').pk}/", token, follow=True)
    assert b"mc_" in shown.content
    assert Token.objects.get(user=person("sun")).scopes == ["read"]
    assert b"mc_" not in sun.get(f"/people/{person('sun').pk}/").content
