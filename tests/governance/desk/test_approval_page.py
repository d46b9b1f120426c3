"""What a committee member sees before voting: findings, conditions named so far, the quorum."""

from __future__ import annotations

import re

import pytest

from governance.approvals.models import Approval
from governance.findings import services as findings
from registry.releases.models import Release
from tests import story
from tests.governance.desk.test_what_is_shown import page
from tests.world import person

pytestmark = pytest.mark.django_db


def finding(release: Release, severity: str, title: str) -> None:
    """Somebody of the second line has raised it."""
    findings.raise_finding(
        actor=person("chen"), release_id=release.pk, severity=severity, title=title
    )


def requested(*, with_finding: bool = False) -> Approval:
    """An open approval, before which a finding was raised or not."""
    told = story.to_validation(story.register())
    story.hand_in(told.release, *story.S2_DOCUMENTS)
    story.validate(told)
    if with_finding:
        finding(told.release, "medium", "样本年代久远")
    return story.ask_approval(told)


def panel(html: str, name: str) -> str:
    """One panel of the page; empty where there is none."""
    found = re.search(rf'<section class="panel" id="{name}">(.*?)</section>', html, re.DOTALL)
    return found[1] if found else ""


def test_the_open_findings_stand_among_the_papers() -> None:
    approval = requested(with_finding=True)
    finding(approval.release, "low", "命名不一致")
    told = panel(page("sun", f"/approvals/{approval.pk}/"), "findings")
    for text in ("样本年代久远", "medium", "when the papers were locked", "命名不一致",
                 "after the papers were locked"):  # fmt: skip
        assert text in told, text


def test_without_findings_there_is_no_panel() -> None:
    assert panel(page("sun", f"/approvals/{requested().pk}/"), "findings") == ""


def test_the_next_committee_sees_the_conditions_of_the_one_before() -> None:
    approval = requested()
    named = {"text": "每月复核低龄客群"}
    story.vote(approval, "sun", "approve_with_conditions", reason="可控", conditions=(named,))
    for username in ("qian", "lin"):
        story.vote(approval, username)
    told = panel(page("gao", f"/approvals/{approval.pk}/"), "conditions")
    for text in ("每月复核低龄客群", "named by 孙慧", "Model review committee"):
        assert text in told, text
    for username in ("gao", "qian", "he", "ma"):
        story.vote(approval, username)
    approval.refresh_from_db()
    if approval.state == "open":
        story.vote(approval, "sun")
    told = panel(page("gao", f"/approvals/{approval.pk}/"), "conditions")
    assert told.count("每月复核低龄客群") == 1
    assert "named by 孙慧" in told
    assert approval.conditions.get().due_on.isoformat() in told


def test_the_quorum_says_what_it_lacks() -> None:
    approval = requested()
    path = f"/approvals/{approval.pk}/"
    assert "votes of members (0 of at least 2); the vote of: Head of model risk, Compliance" in (
        page("sun", path)
    )
    story.vote(approval, "sun")
    assert "the vote of: Compliance" in page("sun", path)
    story.vote(approval, "qian")
    assert "The quorum lacks" not in panel(page("sun", path), "step-1")
