"""The trail in words: every kind has a label, keys have names, the reader narrows it."""

from __future__ import annotations

import re
import zoneinfo
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.approvals.models import Approval, ApprovalState
from governance.desk.admin.chronicle import GROUPS, KINDS
from governance.suspensions.models import OrderKind
from governance.trail import queries
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from tests import story
from tests.governance.desk.test_what_is_shown import browser, page, waiver
from tests.world import person

EVENTS = Path(__file__).resolve().parents[3] / "docs" / "reference" / "events.md"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def documented() -> set[str]:
    """The kinds of the catalogue; those with a star are ended elsewhere."""
    text = EVENTS.read_text(encoding="utf-8").split("## Reactions")[0]
    return set(re.findall(r"^\| `([a-z_.*]+)` \|", text, re.MULTILINE))


def test_every_kind_of_entry_has_a_label() -> None:
    plain = {kind for kind in documented() if not kind.endswith("*")}
    starred = {kind.removesuffix("*") for kind in documented() if kind.endswith("*")}
    ended = {f"approval.{state}" for state in ApprovalState.values if state != "open"}
    ended |= {f"order.{kind}" for kind in OrderKind.values}
    ended |= {"exemption.confirmed", "exemption.refused", "waiver.granted", "waiver.refused"}
    assert starred == {"approval.", "order.", "exemption.", "waiver."}
    assert (plain | ended) - KINDS.keys() == set()


def test_every_kind_is_in_one_group() -> None:
    words = [word for _key, _label, words in GROUPS for word in words]
    assert len(words) == len(set(words))
    assert {kind.split(".")[0] for kind in KINDS} == set(words)


@pytest.fixture
def approval() -> Approval:
    """An open approval with one vote, a waiver asked for beside it."""
    told = story.register()
    found = story.to_approval(told)
    conditions = ({"text": "每季度报告"},)
    story.vote(found, "sun", "approve_with_conditions", reason="按季监测", conditions=conditions)
    waiver(told)
    return found


def texts(html: str) -> str:
    """What people read of the page's lines: no attributes."""
    lines = re.findall(r'<ol class="trail">.*?</ol>', html, re.DOTALL)
    return re.sub(r"<[^>]+>", " ", "".join(lines))


@pytest.mark.django_db
def test_the_trail_is_told_in_words(approval: Approval) -> None:
    html = page("chen", "/trail/")
    told = texts(html)
    for text in (
        "Vote cast", "approve with conditions · 按季监测", "孙慧", "Waiver asked for",
        "Security and adversarial test", f"Retail scorecard · {approval.code}",
    ):  # fmt: skip
        assert text in told, text
    assert f'<a href="/approvals/{approval.pk}/">' in html
    assert UUID.findall(told) == []
    assert "vote.cast" not in told
    assert "附条件同意 · 按季监测" in texts(page("chen", "/trail/", "zh-hans"))


@pytest.mark.django_db
def test_the_trail_is_narrowed_by_group_person_and_day(approval: Approval) -> None:
    votes = texts(page("chen", "/trail/?group=approvals"))
    assert "Vote cast" in votes
    assert "Document handed in" not in votes
    by_sun = texts(page("chen", f"/trail/?who={person('sun').pk}"))
    assert "Vote cast" in by_sun
    assert "Waiver asked for" not in by_sun
    assert "No entry matches." in page("chen", "/trail/?until=2020-01-01")
    assert "Vote cast" in texts(page("chen", "/trail/?since=2020-01-01&who=nobody"))


@pytest.mark.django_db
def test_earlier_entries_keep_the_filter(approval: Approval) -> None:
    subject = approval.release
    for _round in range(4):
        story.hand_in(subject, *story.S4_DOCUMENTS, by="luo")
    html = page("chen", "/trail/?group=evidence&since=2020-01-01")
    shown = queries.visible_to(person("chen")).filter(kind="document.handed_in")[:50]
    last = list(shown)[-1].seq
    assert f"?group=evidence&amp;since=2020-01-01&amp;before={last}" in html


@pytest.mark.django_db
def test_times_are_those_of_the_readers_zone(approval: Approval) -> None:
    people.set_preferences(actor=person("chen"), language="en", time_zone="America/New_York")
    entry = Entry.objects.get(kind="vote.cast")
    there = entry.recorded_at.astimezone(zoneinfo.ZoneInfo("America/New_York"))
    assert f"{entry.seq} · {there:%Y-%m-%d %H:%M}" in texts(page("chen", "/trail/"))


@pytest.mark.django_db
def test_the_models_story_tells_votes_tests_and_exceptions(approval: Approval) -> None:
    told = texts(page("wang", f"/releases/{approval.release_id}/"))
    for text in ("Vote cast", "Waiver asked for", "Approval requested", "Voting opened",
                 "Document handed in", "Validation signed off", "Grade confirmed"):  # fmt: skip
        assert text in told, text


@pytest.mark.django_db
def test_a_longer_trail_needs_no_more_statements(approval: Approval) -> None:
    client = browser("chen")
    client.get("/trail/")

    def statements(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    few = statements("/trail/?group=evidence")
    story.hand_in(approval.release, *story.S4_DOCUMENTS, by="luo")
    assert statements("/trail/?group=evidence") == few


@pytest.mark.django_db
def test_the_trail_says_where_it_has_holes(approval: Approval) -> None:
    assert "not shown here" not in page("chen", "/trail/")
    story.register(name="保密模型", is_confidential=True)
    there = Entry.objects.filter(seq__gt=0).count()
    seen = queries.visible_to(person("chen")).count()
    assert there - seen > 0
    assert queries.hidden_from(person("chen")).count() == there - seen
    told = re.search(
        r"(\d+) entries about confidential models are not shown", page("chen", "/trail/")
    )
    assert told is not None
    assert int(told[1]) == there - seen


@pytest.mark.django_db
def test_preferences_stand_in_the_group_of_people_alone(approval: Approval) -> None:
    people.set_preferences(actor=person("chen"), language="en", time_zone="Asia/Shanghai")
    assert "Preferences set" not in texts(page("chen", "/trail/"))
    assert "Preferences set" in texts(page("chen", "/trail/?group=people"))
    assert "Preferences set" in texts(page("chen", f"/trail/?who={person('chen').pk}"))


@pytest.mark.django_db
def test_a_granted_move_says_from_where_to_where(approval: Approval) -> None:
    told = texts(page("wang", f"/releases/{approval.release_id}/"))
    assert "S2 validation → S3 approval" in told
