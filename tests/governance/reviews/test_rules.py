"""When a review falls due, what is done together, which rungs have come: tables."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.reviews import rules
from governance.reviews.rules import Effect, Step, Task
from registry.core.calendars.rules import WorkingDays

CHINA = WorkingDays("CN")
LADDER = (
    Step("task", {"I": -60, "III": -30}),
    Step("two_weeks", {"I": -14, "III": -14}),
    Step("overdue", {"I": 1, "III": 1}),
    Step("blocked", {"I": 7, "III": 7}, Effect.BLOCK_NEW_USES),
    Step("announced", {}, Effect.ANNOUNCE, before="restricted", working_days=3),
    Step("restricted", {"I": 14, "III": 30}, Effect.RESTRICT),
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_a_first_review_lies_its_months_after_the_base() -> None:
    found = rules.first_due(
        day("2026-01-12"), 12, today=day("2026-01-12"), notice_days=45, spread_days=90, seed="a"
    )
    assert found == day("2027-01-12")


def test_the_first_reviews_of_old_models_are_spread_alike_each_time() -> None:
    found = [
        rules.first_due(
            day("2020-01-01"), 12, today=day("2026-03-01"), notice_days=45, spread_days=90,
            seed=str(number),
        )
        for number in range(200)
    ]  # fmt: skip
    first, last = day("2026-04-15"), day("2026-07-14")
    assert all(first <= one <= last for one in found)
    by_week = {(one - first).days // 7 for one in found}
    assert len(by_week) == 13  # every week of the three months
    again = rules.first_due(
        day("2020-01-01"), 12, today=day("2026-03-01"), notice_days=45, spread_days=90, seed="7"
    )
    assert again == found[7]


@pytest.mark.parametrize(
    ("dues", "open_on", "found"),
    [
        ({"A": "2026-06-30", "B": "2026-07-15"}, [], {"2026-06-30": ["A", "B"]}),
        ({"A": "2026-06-30", "B": "2026-08-15"}, [], {"2026-06-30": ["A"], "2026-08-15": ["B"]}),
        ({"A": "2026-06-30"}, ["2026-06-10"], {"2026-06-10": ["A"]}),
        ({"A": "2026-06-30"}, ["2026-07-01"], {"2026-06-30": ["A"]}),  # never later than owed
        ({"A": "2026-06-30"}, ["2026-05-29"], {"2026-06-30": ["A"]}),  # more than 31 days before
        ({"A": "2026-06-30"}, ["2026-06-01", "2026-06-20"], {"2026-06-20": ["A"]}),
    ],
)
def test_what_falls_due_within_a_month_is_done_together(
    dues: dict[str, str], open_on: list[str], found: dict[str, list[str]]
) -> None:
    bundled = rules.bundle({key: day(one) for key, one in dues.items()}, map(day, open_on), 31)
    assert bundled == {day(key): kinds for key, kinds in found.items()}


def due(
    today: str, *, place: str = "I", planned: str = "2026-01-12", held: str = "", **taken: str
) -> list[str]:
    task = Task(
        place,
        day("2026-06-01"),
        day(planned),
        {key: day(one) for key, one in taken.items()},
        day(held) if held else None,
    )
    return rules.steps_due(LADDER, task, day(today), CHINA)


@pytest.mark.parametrize(
    ("today", "found"),
    [
        ("2026-04-01", []),
        ("2026-04-02", ["task"]),
        ("2026-05-17", ["task"]),
        ("2026-05-18", ["task", "two_weeks"]),
        ("2026-06-01", ["task", "two_weeks"]),
        ("2026-06-02", ["task", "two_weeks", "overdue"]),
        ("2026-06-08", ["task", "two_weeks", "overdue", "blocked"]),
        # restricted on Monday 15 June; three working days before: Wednesday the 10th
        ("2026-06-09", ["task", "two_weeks", "overdue", "blocked"]),
        ("2026-06-10", ["task", "two_weeks", "overdue", "blocked", "announced"]),
        ("2026-09-01", ["task", "two_weeks", "overdue", "blocked", "announced"]),
    ],
)
def test_each_rung_comes_on_its_day(today: str, found: list[str]) -> None:
    assert due(today) == found


@pytest.mark.parametrize(
    ("announced", "today", "is_restricted"),
    [
        ("2026-06-10", "2026-06-14", False),  # a Sunday
        ("2026-06-10", "2026-06-15", True),
        # announced late, after a week of downtime: three working days pass all the same
        ("2026-06-17", "2026-06-21", False),
        # 19 June is the Dragon Boat Festival: 17 + 3 working days = 23
        ("2026-06-17", "2026-06-22", False),
        ("2026-06-17", "2026-06-23", True),
    ],
)
def test_a_restriction_waits_for_its_announcement(
    announced: str, today: str, is_restricted: bool
) -> None:
    assert ("restricted" in due(today, announced=announced)) is is_restricted


def test_a_rung_that_was_taken_does_not_come_again() -> None:
    assert due("2026-06-02", task="2026-04-02", two_weeks="2026-05-18") == ["overdue"]


@pytest.mark.parametrize(
    ("planned", "found"),
    [
        ("2026-05-30", ["task", "overdue"]),  # called for at two days' notice
        ("2026-05-18", ["task", "two_weeks", "overdue"]),
    ],
)
def test_rungs_from_before_the_planning_never_come_but_the_first(
    planned: str, found: list[str]
) -> None:
    assert due("2026-06-02", planned=planned) == found


def test_a_deferral_holds_effects_and_not_reminders() -> None:
    before = due("2026-06-20", held="2026-06-30")
    assert before == ["task", "two_weeks", "overdue"]
    after = due("2026-07-01", held="2026-06-30")
    assert after == ["task", "two_weeks", "overdue", "blocked", "announced"]
    assert "announced" in due("2026-06-26", held="2026-06-30")  # Friday, for Wednesday 1 July


def test_a_tier_without_a_figure_has_no_such_rung() -> None:
    assert due("2026-09-01", place="IV") == []
    assert due("2026-06-30", place="III") == [
        "task", "two_weeks", "overdue", "blocked", "announced"
    ]  # fmt: skip
