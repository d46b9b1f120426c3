"""What waits on whose desk: documents of an office, pilots, open votes, exceptions, notices."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.desk import queries
from governance.lifecycle import services as lifecycle
from registry.core.dispatch import services as dispatch
from registry.core.notices.models import Notice
from tests import story
from tests.governance.desk.test_what_is_shown import page
from tests.world import person

pytestmark = pytest.mark.django_db


def heap(username: str, title: str) -> str:
    """One heap of the person's desk; empty where there is none."""
    html = page(username, "/admin/")
    found = re.search(rf"<h2>{title}</h2>(.*?)</section>", html, re.DOTALL)
    return found[1] if found else ""


def awaited(username: str) -> list[str]:
    """The kinds of documents that wait for the person."""
    return re.findall(r"\?kind=([a-z_]+)", heap(username, "Documents to hand in"))


def statements() -> int:
    """What data security's desk costs."""
    data = person("data")
    with CaptureQueriesContext(connection) as captured:
        queries.desk_of(data)
    return len(captured)


def test_an_office_sees_the_documents_that_a_release_waits_for() -> None:
    told = story.register()
    assert awaited("qian") == ["ethics_review"]
    assert awaited("he") == []
    story.to_validation(told)
    assert (awaited("qian"), awaited("he"), awaited("wang")) == ([], ["security_test_report"], [])
    story.hand_in(told.release, *story.S2_DOCUMENTS)
    assert awaited("he") == []


def test_what_policy_does_not_ask_of_the_release_does_not_wait() -> None:
    story.to_validation(story.register(story.PLAIN))
    assert awaited("he") == []


def test_the_documents_of_an_office_cost_the_same_for_many_releases() -> None:
    story.register()
    few = statements()
    for number in range(5):
        story.register(name=f"模型{number}")
    assert statements() == few


def test_operations_see_the_pilots_and_the_secretary_the_open_votes() -> None:
    told = story.register()
    approval = story.to_approval(told)
    open_votes = heap("mi", "Open votes")
    assert approval.code in open_votes
    assert "no quorum yet" in open_votes
    for username in ("sun", "qian"):
        story.vote(approval, username)
    assert "can be closed" in heap("mi", "Open votes")
    assert heap("sun", "Open votes") == ""
    story.vote(approval, "lin")
    for username in story.RMC:
        approval.refresh_from_db()
        if approval.state == "open":
            story.vote(approval, username)
    lifecycle.promote(actor=person("wang"), release_id=told.release.pk, to="S4")
    assert told.release.code in heap("luo", "Pilots waiting for go-live")
    assert heap("mi", "Open votes") == ""


@pytest.mark.parametrize(
    ("username", "sees"), [("chen", True), ("sun", True), ("xiao", True), ("mi", False),
                           ("data", False)],
)  # fmt: skip
def test_an_exception_waits_for_those_whose_it_is(username: str, sees: bool) -> None:
    lifecycle.ask_exemption(
        actor=person("wang"), release_id=story.register().release.pk,
        requirement="fairness_report", kind="not_applicable", reason="模型不涉及自然人。",
    )  # fmt: skip
    assert bool(heap(username, "Exceptions to answer")) is sees


def unread(kind: str) -> list[str]:
    """Whose notices of the kind are unread."""
    rows = Notice.objects.filter(kind=kind, read_at=None)
    return sorted(rows.values_list("user__username", flat=True))


def test_a_notice_is_done_when_its_matter_is() -> None:
    told = story.register()
    dispatch.run()
    assert unread("grade.confirmation_due") == ["chen"]
    approval = story.to_approval(told)
    dispatch.run()
    assert unread("grade.confirmation_due") == []
    assert unread("approval.vote_due") == ["chen", "lin", "qian", "sun"]
    story.vote(approval, "sun")
    dispatch.run()
    assert unread("approval.vote_due") == ["chen", "lin", "qian"]
    for username in ("qian", "lin"):
        story.vote(approval, username)
    dispatch.run()
    assert "chen" not in unread("approval.vote_due")
