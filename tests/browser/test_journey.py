"""The scorecard's whole way in a browser: registered, graded, validated, voted, live, proven."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from django.db import connections

from governance.approvals.models import Approval
from governance.suspensions import services as suspensions
from governance.suspensions.models import DrillReport, Order
from registry.classification import queries as classification
from registry.classification.rules.answering import answers_of
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.ledger import services as ledger
from registry.core.policy import queries as policy
from registry.releases.models import Release
from tests import story
from tests.browser.conftest import Browser, press, submit
from tests.world import PASSWORD


def test_the_scorecard_goes_from_registration_to_production(desk: Browser) -> None:
    release = registered(desk)
    documents(desk, "wang", release, "ethics_review", *story.S1_DOCUMENTS)
    grade_confirmed(desk, release)
    moved(desk, "wang", release, "S1", "S2")
    validated(desk, release)
    documents(desk, "wang", release, *story.S2_DOCUMENTS)
    moved(desk, "wang", release, "S3")
    documents(desk, "wang", release, *story.S3_DOCUMENTS)
    approved(desk, release)
    moved(desk, "wang", release, "S4")
    piloted(desk, release)
    drilled(desk, release)
    moved(desk, "luo", release, "S5")
    assert Release.objects.get(pk=release).stage == "S5"
    proven(desk)


def registered(desk: Browser) -> uuid.UUID:
    """The owner registers the model; the live preview shows the tier before anything is saved."""
    page = desk.window("wang")
    page.goto(f"{desk.base}/register/")
    for name, value in {
        "name_zh": "零售贷款申请评分卡", "name_en": "Retail loan application scorecard",
        "use_name_zh": "零售贷款审批", "use_name_en": "Retail lending",
        "purpose": "在限额内自动审批零售贷款申请", "process_node": "贷前审批",
        "benefit": "缩短审批时间", "affected_people": "贷款申请人",
        "prohibited_uses": "不得用于催收或定价",
    }.items():  # fmt: skip
        page.fill(f"[name={name}]", value)
    page.click("details.panel summary")
    with page.expect_response("**/register/preview/"):
        answered(page)
    page.locator("#preview .tier-II").first.wait_for()
    desk.shot(page, "register")
    page.click("button.primary[type=submit]")
    page.wait_for_url("**/models/**")
    release = Release.objects.get()
    press(desk, "wang", "register-version", release.model_use.model_id, {
        "label": "1.0.0", "digest": hashlib.sha256(b"artifact").hexdigest(),
    })  # fmt: skip
    Release.objects.get()
    page.goto(f"{desk.base}/do/attach-version/{release.pk}/")
    page.select_option("[name=version]", index=1)
    submit(page)
    page.goto(f"{desk.base}/uses/{release.model_use_id}/grade/")
    answered(page)
    for field in page.query_selector_all("[name^=reason_]"):
        field.fill("与示例 E01 一致")
    submit(page)
    assert "74.75" in page.inner_text("main.mingce")
    desk.shot(page, "story")
    return release.pk


def answered(page: Any) -> None:
    """Every question of the page is answered as the worked example E01 answers it."""
    case = story.E01
    section = classification.section_of(policy.active_pack())
    known = answers_of(section, case["classification"], case["facts"], case["factors"])
    for key, value in known.items():
        for code in value if isinstance(value, list) else [value]:
            box = page.query_selector(f"[name='{key}'][value='{code}']")
            if box is not None:
                box.check()


def documents(desk: Browser, username: str, release: uuid.UUID, *kinds: str) -> None:
    """A document of each kind is there: the first by the browser, the rest by service."""
    page = desk.window(story.giver(kinds[0], username))
    story.hand_in(Release.objects.get(pk=release), *kinds[1:], by=username)
    for kind in kinds[:1]:
        page.goto(f"{desk.base}/do/hand-in/{release}/?kind={kind}")
        page.fill("[name=title]", kind)
        page.set_input_files(
            "[name=file]",
            {"name": f"{kind}.md", "mimeType": "text/markdown", "buffer": kind.encode()},
        )
        page.fill("[name=statement]", "本人确认以上内容属实并已核对。")
        submit(page)


def grade_confirmed(desk: Browser, release: uuid.UUID) -> None:
    """Model risk finds the grade on the desk and confirms it."""
    page = desk.window("chen")
    page.goto(f"{desk.base}/admin/")
    desk.shot(page, "desk")
    page.click(".heaps a[href^='/models/']")
    page.click("a[href^='/do/confirm-grade/']")
    page.fill("[name=reason]", "得分临近阈值,已核对各因子,等级适当。")
    submit(page)


def moved(desk: Browser, username: str, release: uuid.UUID, *stages: str) -> None:
    """The person moves the release on."""
    for stage in stages:
        press(desk, username, "promote", release, {"to": stage})


def validated(desk: Browser, release: uuid.UUID) -> None:
    """Plan, test, conclusion, answer, sign-off: three people."""
    press(desk, "zhao", "plan-validation", release, {
        "plan": "独立复算、样本外检验与压力测试", "scope": "数据、方法、实施与使用情况",
        "independence": "本人未参与该模型的开发与使用。",
    })  # fmt: skip
    key = Release.objects.get(pk=release).validations.get().pk
    press(desk, "zhao", "record-test", key, {
        "kind": "performance", "name": "AUC", "measure": "0.787", "threshold": "≥ 0.70",
        "outcome": "passed",
    })  # fmt: skip
    press(desk, "zhao", "conclude-validation", key, {
        "conclusion": "with_limitations", "explainability_level": "E1",
        "summary": "模型可用,但样本较旧。", "limitations": "样本仅一千笔,且年代久远。",
    })  # fmt: skip
    press(desk, "wang", "answer-validation", key, {"response": "同意,按计划补充样本。"})
    press(desk, "sun", "sign-off-validation", key, {})


def approved(desk: Browser, release: uuid.UUID) -> None:
    """The papers are locked; the members vote with their password, on a phone too."""
    press(desk, "wang", "request-approval", release, {})
    approval = Approval.objects.get(release=release)
    for username in ("sun", "qian", "lin", "gao", "sun", "qian", "he", "ma"):
        approval.refresh_from_db()
        if approval.state != "open":
            break
        page = desk.window(username, width=390 if username == "qian" else 1280)
        page.goto(f"{desk.base}/approvals/{approval.pk}/")
        page.check("[name=choice][value=approve]")
        page.fill("[name=password]", PASSWORD)
        if username in ("sun", "qian"):
            desk.shot(page, f"vote-{username}")
        submit(page)
    approval.refresh_from_db()
    assert approval.state == "approved"


def piloted(desk: Browser, release: uuid.UUID) -> None:
    """The pilot's evidence, the confirmed alternative to its length, the deployment."""
    documents(desk, "luo", release, *story.S4_DOCUMENTS)
    documents(desk, "wang", release, "parallel_run_report")
    press(desk, "wang", "ask-exemption", release, {
        "requirement": "alternative:pilot_length",
        "reason": "已完成一个季度的并行运行,结果见附件。",
    })  # fmt: skip
    exemption = Release.objects.get(pk=release).exemptions.get()
    press(desk, "chen", "answer-exemption", exemption.pk, {
        "yes": "yes", "reason": story.CHECKED,
    })  # fmt: skip
    digest = hashlib.sha256(b"artifact").hexdigest()
    press(desk, "luo", "report-deployment", release, {
        "environment": "production", "digest": digest,
    })  # fmt: skip


def drilled(desk: Browser, release: uuid.UUID) -> None:
    """The stop switch is tried in the pilot: stopped, fallen back, resumed, reported by two."""
    gateway = story.arm().user
    press(desk, "luo", "stop", release, {"reason": "上线前停用演练", "is_drill": "on"})
    order = Order.objects.get()
    for action in ("applied", "fallback"):
        suspensions.acknowledge(actor=gateway, order_id=order.pk, action=action)
    for username in ("chen", "gao"):
        press(desk, username, "resume", order.pk, {"reason": "演练结束，切换正常。"})
    press(desk, "luo", "report-drill", order.pk, {
        "scenario": story.SHOWN.scenario, "participants": story.SHOWN.participants,
    })  # fmt: skip
    page = desk.window("chen")
    page.goto(f"{desk.base}/orders/{order.pk}/")
    desk.shot(page, "drill-report")
    press(desk, "chen", "countersign-drill", DrillReport.objects.get().pk, {})


def proven(desk: Browser) -> None:
    """The auditor has the whole record verified and sees that it is sound."""
    page = desk.window("shen")
    page.goto(f"{desk.base}/trail/")
    page.click("form[action='/trail/verify/'] button")
    page.wait_for_url("**/jobs/**")
    job = Job.objects.get()
    jobs.run(job.pk)
    page.goto(page.url)
    assert page.query_selector(".notice-box.good") is not None
    desk.shot(page, "verified")
    assert ledger.verify().sound
    connections.close_all()
