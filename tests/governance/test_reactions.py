"""What follows from an entry, after commit, as the system: void, tell, restrict; each once."""

from __future__ import annotations

import pytest

from governance.approvals.models import Approval
from governance.suspensions.models import Order
from registry.core.dispatch import services as dispatch
from registry.core.notices.models import Notice
from registry.core.people.models import SYSTEM_ID
from registry.releases import services as releases
from registry.releases.models import Release
from tests import story
from tests.world import person


def told(kind: str) -> list[str]:
    rows = Notice.objects.filter(kind=kind).values_list("user__username", flat=True)
    return sorted(rows)


def test_who_can_vote_in_an_open_step_is_told_once(approval: Approval) -> None:
    dispatch.run()
    dispatch.run()
    assert told("approval.vote_due") == ["chen", "lin", "qian", "sun"]
    for username in ("sun", "qian", "lin"):
        story.vote(approval, username)
    dispatch.run()
    assert told("approval.vote_due") == sorted(
        ["chen", "lin", "qian", "sun", "gao", "he", "ma", "qian", "sun"]
    )


def test_a_material_change_voids_the_open_approval_and_the_owner_is_told(
    approval: Approval,
) -> None:
    dispatch.run()
    story.hand_in(approval.release, "fairness_report")
    assert Approval.objects.get().state == "open"
    dispatch.run()  # the void is an entry of its own: its effects come with the next run
    dispatch.run()
    assert (Approval.objects.get().state, told("approval.void")) == ("void", ["wang"])


def test_an_immaterial_document_voids_nothing(approval: Approval) -> None:
    dispatch.run()
    story.hand_in(approval.release, "pilot_plan")
    dispatch.run()
    assert (Approval.objects.get().state, told("approval.void")) == ("open", [])


def test_the_owner_is_told_of_the_decision(approval: Approval) -> None:
    story.approve(approval)
    dispatch.run()
    assert told("approval.approved") == ["wang"]


def test_nobody_is_told_of_a_grade_that_is_confirmed_already(approval: Approval) -> None:
    dispatch.run()
    assert told("grade.confirmation_due") == []


@pytest.mark.django_db
def test_second_reviewers_are_told_of_a_grade_that_waits() -> None:
    story.register()
    dispatch.run()
    assert told("grade.confirmation_due") == ["chen"]


def deployed(release: Release, digest: str) -> None:
    releases.record_deployment(
        actor=person("luo"), release=release, environment="production", digest=digest
    )


def test_another_digest_in_production_is_restricted_at_once_by_the_system(
    approval: Approval,
) -> None:
    for _ in range(2):
        deployed(approval.release, "e" * 64)
        dispatch.run()
    order = Order.objects.get()
    assert (order.kind, order.ordered_by_id, order.reason) == (
        "restrict",
        SYSTEM_ID,
        f"BR-09: {'e' * 64}",
    )


def test_the_registered_digest_in_production_is_not(approval: Approval) -> None:
    version = approval.release.version
    assert version is not None
    deployed(approval.release, version.digest)
    dispatch.run()
    assert Order.objects.count() == 0


@pytest.mark.django_db
def test_a_notice_names_a_confidential_model_by_its_code_alone() -> None:
    secret = story.register(name="反洗钱可疑交易模型", is_confidential=True)
    dispatch.run()
    notice = Notice.objects.get(kind="grade.confirmation_due")
    assert "反洗钱" not in notice.text_zh
    assert secret.registered.model.code in notice.text_zh
