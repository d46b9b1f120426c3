"""The calendar's text, as RFC 5545 wants it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.desk.rules.icalendar import Event, calendar, fold, moment, text

SHANGHAI = ZoneInfo("Asia/Shanghai")
STAMP = dt.datetime(2026, 4, 1, 4, 0, 5, 999_999, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("", [""]),
        ("a" * 75, ["a" * 75]),
        ("a" * 76, ["a" * 75, " a"]),
        ("a" * 150, ["a" * 75, " " + "a" * 74, " a"]),
        ("中" * 25, ["中" * 25]),
        ("中" * 26, ["中" * 25, " 中"]),
        ("a" + "中" * 25, ["a" + "中" * 24, " 中"]),
        ("中" * 50, ["中" * 25, " " + "中" * 24, " 中"]),
        ("a" * 72 + "🏦", ["a" * 72, " 🏦"]),
    ],
    ids=["empty", "full", "one more", "twice", "25 中", "26 中", "1 + 25", "50 中", "4 octets"],
)
def test_lines_are_folded_at_75_octets_between_letters(line: str, pieces: list[str]) -> None:
    assert fold(line).split("\r\n") == pieces


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")))
def test_unfolded_a_line_is_what_it_was(line: str) -> None:
    folded = fold(line)
    assert folded.replace("\r\n ", "") == line
    assert max(len(piece.encode()) for piece in folded.split("\r\n")) <= 75


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a, b; c", r"a\, b\; c"),
        ("C:\\x", r"C:\\x"),
        ("one\ntwo", r"one\ntwo"),
        ("one\r\ntwo\rthree", r"one\ntwo\nthree"),
        ("one\u2028two\u0085three", r"one\ntwo\nthree"),
        ("\\n", r"\\n"),
        ('"quoted": as it is', '"quoted": as it is'),
        ("a\tb\x00\x1b\x7fc", "a\tbc"),
        ("X\r\nEND:VCALENDAR", r"X\nEND:VCALENDAR"),
    ],
)
def test_what_has_a_meaning_is_escaped(value: str, written: str) -> None:
    assert text(value) == written


def test_moments_are_told_in_utc() -> None:
    assert moment(dt.datetime(2026, 4, 1, 23, 59, 59, tzinfo=SHANGHAI)) == "20260401T155959Z"
    with pytest.raises(ValueError, match="time zone"):
        moment(dt.datetime(2026, 4, 1))


def test_the_whole_of_a_calendar() -> None:
    events = [
        Event("a@mingce", 3, dt.date(2026, 4, 12), "检查:一,二", "甲\n乙", "https://x/reviews/a/"),
        Event("b@mingce", 1, dt.datetime(2026, 4, 1, 23, 59, 59, tzinfo=SHANGHAI), "b", "c", "u"),
    ]
    told = calendar("明册", events, stamped_at=STAMP, refresh=dt.timedelta(minutes=15))
    assert told.endswith("END:VCALENDAR\r\n")
    assert told.split("\r\n")[:-1] == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Mingce//Reviews and legal clocks//EN",
        "CALSCALE:GREGORIAN", "NAME:明册", "X-WR-CALNAME:明册",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M",
        "BEGIN:VEVENT", "UID:a@mingce", "DTSTAMP:20260401T040005Z", "SEQUENCE:3",
        "DTSTART;VALUE=DATE:20260412", r"SUMMARY:检查:一\,二", r"DESCRIPTION:甲\n乙",
        "URL:https://x/reviews/a/", "TRANSP:TRANSPARENT", "END:VEVENT",
        "BEGIN:VEVENT", "UID:b@mingce", "DTSTAMP:20260401T040005Z", "SEQUENCE:1",
        "DTSTART:20260401T155959Z", "SUMMARY:b", "DESCRIPTION:c", "URL:u",
        "TRANSP:TRANSPARENT", "END:VEVENT",
        "END:VCALENDAR",
    ]  # fmt: skip
