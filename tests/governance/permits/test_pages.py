"""Permits in the browser: on the release's story, on their page, and their verbs."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.desk.admin.verbs.permits import PERMIT_VERBS
from governance.permits import queries, services
from governance.permits.models import BreakGlass, Permit, PermitUse
from registry.releases import services as releases
from registry.releases.models import Deployment, Release
from tests.governance.permits.asking import issue
from tests.governance.permits.conftest import NOON
from tests.governance.permits.test_breaking import ask, give
from tests.governance.permits.test_issuing import order
from tests.world import PASSWORD, person

LANGUAGES = ("zh-hans", "en")


def browser(username: str, language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(username))
    return client


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_the_story_shows_permits_and_how_they_stand(live: Release) -> None:
    row, path = issue(live), f"/releases/{live.pk}/"
    shown = text(browser("chen"), path)
    assert f"{row.code} · production" in shown
    assert "in force" in shown
    assert f"/do/revoke-permit/{row.pk}/" in shown
    assert f"/do/revoke-permit/{row.pk}/" not in text(browser("li"), path)
    order(live)
    shown = text(browser("chen"), path)
    assert "revoked · emergency stop" in shown
    assert "deployment permit issued" in shown.lower()
    assert row.envelope["payload"] not in shown
    assert f"<code>{live.pk}</code>" in shown  # what a pipeline asks with, whole
    assert f"<code>{live.version_id}</code>" in shown
    assert "已撤销 · 紧急停用" in text(browser("chen", "zh-hans"), path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_all_permits_opens_for_everybody(live: Release, language: str) -> None:
    row = issue(live)
    permit, waiting = give(ask(live)), ask(live, environment="test")
    services.report_use(
        actor=person("luo"), permit_id=permit.pk,
        told=services.Reported("c" * 64, NOON, "罗运维", "评分服务崩溃，紧急回退", "INC-1"),
    )  # fmt: skip
    for username in ("wang", "gao", "shen"):
        shown = text(browser(username, language), "/permits/")
        assert f'href="/releases/{live.pk}/"' in shown
        assert f"{live.code}</a> · {live.version.label}" in shown  # type: ignore[union-attr]
        for code in (row.code, permit.code, waiting.code, "INC-1"):
            assert code in shown
        assert (f"/do/give-break-glass/{waiting.pk}/" in shown) is (username == "gao")
    assert text(browser("hai", language), "/permits/").count(row.code) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verb_of_permits_shows_its_form(live: Release, language: str) -> None:
    permit, waiting = give(ask(live)), ask(live, environment="test")
    about = {
        "revoke-permit": ("chen", permit), "ask-break-glass": ("chen", live.model_use),
        "give-break-glass": ("gao", waiting), "refuse-break-glass": ("gao", waiting),
        "report-permit-use": ("luo", permit), "account-for-permit": ("luo", permit),
    }  # fmt: skip
    assert about.keys() == PERMIT_VERBS.keys()
    auditor = browser("jian", language)
    for key, (username, subject) in about.items():
        path = f"/do/{key}/{subject.pk}/"
        assert browser(username, language).get(path).status_code == 200, key
        assert auditor.get(path).status_code == 403, key


def test_a_permit_is_revoked_with_a_reason(live: Release) -> None:
    row, chen = issue(live), browser("chen")
    path = f"/do/revoke-permit/{row.pk}/"
    assert chen.post(path, {"reason": ""}).status_code == 422
    done = chen.post(path, {"reason": "构建作废"})
    assert (done.status_code, done["Location"]) == (302, f"/releases/{live.pk}/#permits")
    row.refresh_from_db()
    assert (row.revoked_by, row.revoked_reason) == (person("chen"), "构建作废")
    again = chen.post(path, {"reason": "构建作废"})
    assert "revoked already" in again.content.decode()


def test_glass_is_broken_in_the_browser(live: Release) -> None:
    chen, gao, luo = browser("chen"), browser("gao"), browser("luo")
    asked = {"environment": "production", "days": "2", "reason": "登记系统停机时修复故障"}
    assert chen.post(f"/do/ask-break-glass/{live.model_use_id}/", asked).status_code == 302
    row = BreakGlass.objects.get()
    path = f"/do/give-break-glass/{row.pk}/"
    wrong = gao.post(path, {"password": "wrong"})
    assert (wrong.status_code, Permit.objects.count()) == (422, 0)
    assert gao.post(path, {"password": PASSWORD}).status_code == 302
    permit = Permit.objects.get()
    used = {
        "digest": "C" * 64, "deployed_at": "2026-11-23T12:00", "deployed_by": "罗运维",
        "reason": "评分服务崩溃，紧急回退", "incident": "INC-1",
    }  # fmt: skip
    assert luo.post(f"/do/report-permit-use/{permit.pk}/", used).status_code == 302
    assert PermitUse.objects.get().digest == "c" * 64
    early = luo.post(f"/do/account-for-permit/{permit.pk}/", {})
    assert "still holds" in early.content.decode()


def test_the_admins_list_leads_to_the_release(live: Release) -> None:
    row, permit = issue(live), give(ask(live))
    shown = text(browser("shen"), "/admin/governance/permit/")
    assert f'href="/releases/{live.pk}/#permits"' in shown
    assert f'href="/models/{live.model_use.model_id}/#permits"' in shown
    assert {row.code, permit.code} <= set(shown.replace("<", ">").split(">"))


def test_a_deployment_is_covered_by_its_permit_and_others_are_counted(live: Release) -> None:
    assert live.version is not None
    row = issue(live)
    covered = releases.record_deployment(
        actor=person("luo"), release=live, permit=row.pk, reference="build-1",
        environment="production", digest=live.version.digest, endpoint="k8s://credit",
    )  # fmt: skip
    other = releases.record_deployment(
        actor=person("luo"), release=live, permit=live.pk, reference="build-2",
        environment="production", digest=live.version.digest, endpoint="k8s://other",
    )  # fmt: skip
    later = Deployment.objects.filter(pk__in=[covered.pk, other.pk])
    assert queries.covering(later) == {covered.pk: row}
    assert [one.pk for one in queries.uncovered(later)] == [other.pk]
    shown = text(browser("chen"), f"/releases/{live.pk}/")
    assert row.code in shown
    assert "without a permit" in shown
    assert "Deployed to production without a permit" in text(browser("chen"), "/permits/")
    assert "未经许可的生产部署" in text(browser("chen", "zh-hans"), "/permits/")
