"""The pure rules: limits in working time, trees of digests, what looks like personal data."""

from __future__ import annotations

import datetime as dt
import hashlib
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.checkpoints.rules import limits, merkle, personal
from governance.checkpoints.rules.answering import Answer, Trigger, verdict
from registry.core.calendars.rules import WorkingDays
from registry.core.policy.rules import compile_rule

CHINA, ZONE = WorkingDays("CN"), ZoneInfo("Asia/Shanghai")


def due(opened: str, minutes: int) -> str:
    found = limits.due_at(
        dt.datetime.fromisoformat(opened).replace(tzinfo=ZONE), minutes, begin=dt.time(9),
        end=dt.time(18), is_worked=CHINA.holds, zone=ZONE,
    )  # fmt: skip
    return found.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("opened", "minutes", "expected"),
    [
        ("2026-11-26T10:00", 240, "2026-11-26 14:00"),
        ("2026-11-26T16:00", 240, "2026-11-27 11:00"),
        ("2026-11-27T17:00", 240, "2026-11-30 12:00"),  # a Friday, over the weekend
        ("2026-11-28T12:00", 240, "2026-11-30 13:00"),  # opened on a Saturday
        ("2026-11-26T06:00", 60, "2026-11-26 10:00"),  # before the day begins
        ("2026-11-26T22:00", 540, "2026-11-27 18:00"),  # a whole day ends at its end
        ("2026-02-13T17:00", 120, "2026-02-14 10:00"),  # 14 February 2026 is a worked Saturday
        ("2026-02-14T17:00", 120, "2026-02-24 10:00"),  # then Spring Festival
        ("2026-09-30T17:30", 60, "2026-10-08 09:30"),
        ("2026-11-26T17:59", 1, "2026-11-26 18:00"),
        ("2026-11-26T18:00", 1, "2026-11-27 09:01"),
    ],
)
def test_a_limit_counts_working_time(opened: str, minutes: int, expected: str) -> None:
    assert due(opened, minutes) == expected


@given(st.integers(0, 60 * 24 * 400), st.integers(1, 3_000), st.integers(1, 3_000))
def test_two_limits_after_one_another_are_their_sum(start: int, one: int, other: int) -> None:
    begin = (dt.datetime(2025, 6, 1) + dt.timedelta(minutes=start)).isoformat()
    between = due(begin, one).replace(" ", "T")
    assert due(between, other) == due(begin, one + other)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40), st.data())
def test_every_leaf_leads_to_the_root_and_no_other_does(
    contents: list[bytes], data: st.DataObject
) -> None:
    leaves = [merkle.leaf(one) for one in contents]
    place = data.draw(st.integers(0, len(leaves) - 1))
    steps = merkle.path(leaves, place)
    assert merkle.climbed(leaves[place], steps) == merkle.root(leaves)
    assert merkle.climbed(merkle.leaf(b"another record"), steps) != merkle.root(leaves)


def test_the_tree_is_that_of_rfc_9162() -> None:
    """Its inner nodes and leaves have their own prefixes, an odd node is carried up."""
    a, b, c = (hashlib.sha256(b"\x00" + one).digest() for one in (b"a", b"b", b"c"))
    ab = hashlib.sha256(b"\x01" + a + b).digest()
    assert merkle.root([a, b, c]) == hashlib.sha256(b"\x01" + ab + c).digest()
    assert merkle.root([]) == hashlib.sha256(b"").digest()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("11010519491231002X", "identity_card"), ("11010519491231002x", "identity_card"),
        ("身份证11010519491231002X号", "identity_card"), (110105194912310029, ""),
        ("110105194912310021", ""), ("13912345678", "phone"), ("+8613912345678", "phone"),
        ("139 1234 5678", "phone"), ("12912345678", ""), ("1391234567", ""),
        ("4111111111111111", "bank_card"), (4111111111111111, "bank_card"),
        ("4111 1111 1111 1111", "bank_card"), ("4111111111111112", ""),
        ("a13912345678", ""), ("APP-2026-0000001", ""), (0.13912345678, ""), (True, ""), (None, ""),
        ("0" * 20 + "13912345678" + "f" * 33, ""), (13912345678, ""),
    ],
)  # fmt: skip
def test_what_looks_like_personal_data(value: object, kind: str) -> None:
    assert personal.kind_of(value) == kind


@pytest.mark.parametrize(
    ("stopped", "restricted", "score", "answer"),
    [
        (True, True, 0.5, Answer.STOP), (False, True, 0.5, Answer.RESTRICTED),
        (False, False, 0.5, Answer.HOLD), (False, False, None, Answer.HOLD),
        (False, False, 0.9, Answer.PROCEED), (True, False, 0.9, Answer.STOP),
    ],
)  # fmt: skip
def test_stop_outranks_restriction_outranks_hold(
    stopped: bool, restricted: bool, score: float | None, answer: Answer
) -> None:
    triggers = (Trigger("grey", compile_rule(all=["score < 0.6"])),)
    found = verdict(triggers, {"score": score}, is_stopped=stopped, is_restricted=restricted)
    assert found.answer is answer
