"""The rules of webhooks as tables: which events, when again, what of a change is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.apps import apps
from django.urls import resolve

from governance.webhooks import rules
from governance.webhooks.rules import Event, events, timing
from tests.rest.actions import actions

NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
KINDS = ("release.moved", "release.opened", "release_note.made", "order.stop")


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*"], set(KINDS)),
        (["release.*"], {"release.moved", "release.opened"}),
        (["release.moved", "order.*"], {"release.moved", "order.stop"}),
        (["release"], set()),
        (["rel*"], set()),
        (["*.moved"], set()),
        ([], set()),
    ],
)
def test_which_kinds_patterns_stand_for(patterns: list[str], found: set[str]) -> None:
    assert rules.fitting(patterns, KINDS) == found


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    told = [timing.waits(done) for done in range(12)]
    assert [one.total_seconds() for one in told] == [
        0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400, 86_400,
    ]  # fmt: skip
    assert timing.MOST_ATTEMPTS == 10


@pytest.mark.parametrize(
    ("failures", "status", "seconds"),
    [
        (1, 0, 5), (2, 503, 300), (4, 0, 1_800), (99, 429, 1_800),
        (1, 500, 5), (5, 500, 60), (99, 404, 60),
    ],
)  # fmt: skip
def test_how_long_a_receiver_rests(failures: int, status: int, seconds: int) -> None:
    assert timing.rests(failures, status).total_seconds() == seconds


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("0", 0), ("120", 120), (" 120 ", 120), ("86401", 86_400), ("999999999", 86_400),
        ("9999999999999", 0), ("-5", 0), ("1.5", 0), ("soon", 0), ("", 0), ("١٢", 0),
        ("Mon, 23 Nov 2026 04:05:00 GMT", 300), ("Mon, 23 Nov 2026 03:00:00 GMT", 0),
        ("Mon, 23 Nov 2099 04:05:00 GMT", 86_400), ("Mon, 23 Nov 0001 04:05:00 GMT", 0),
    ],
)  # fmt: skip
def test_what_a_receiver_asks_for(told: str, seconds: int) -> None:
    assert timing.asked_wait(told, NOW).total_seconds() == seconds


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("stage", "S3", "S4"), {"stage": {"from": "S3", "to": "S4"}}),
        (("tier", None, "II"), {"tier": {"from": None, "to": "II"}}),
        (("state", "", "open"), {"state": {"from": "", "to": "open"}}),
        (("reason", "", "因为"), {}),
        (("name_zh", "甲", "乙"), {}),
        (("state", "open", "写了别的"), {}),
        (("state", "open", "a sentence that somebody wrote"), {}),
        (("stage", "S3", {"a": 1}), {}),
    ],
)
def test_of_changes_only_words_of_states_are_told(
    change: tuple[str, Any, Any], told: dict[str, Any]
) -> None:
    assert rules.changes_of([change]) == told


def test_without_an_address_of_ours_there_are_no_links() -> None:
    event = Event(
        id="1", seq=1, hash="h", kind="release.moved", subject_type="registry.release",
        subject_id="r", row_version=1, actor="a", at=NOW, state={"code": "有别的"}, changes=(),
        model="m", model_code="M-1",
    )  # fmt: skip
    body = rules.body_of(event, "")
    assert body["source"] == "/mingce"
    assert not {"page", "resource", "code"} & body["data"].keys()
    linked = rules.body_of(event, "https://m.example")["data"]
    assert linked["page"] == "https://m.example/releases/r/"


def test_every_link_leads_somewhere() -> None:
    known = {action.label for action in actions()}
    for label, (page, resource) in events._LEADING_TO.items():
        assert f"GET /{resource}/{{id}}/" in known, label
        if page:
            assert (
                resolve(page.format("00000000-0000-4000-8000-000000000000")).namespace == "desk"
            ), label
        apps.get_model(label)
