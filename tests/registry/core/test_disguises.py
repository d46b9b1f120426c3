"""What hides in a text is found; what belongs to its writing is let be."""

from __future__ import annotations

import pytest

from registry.core.web.disguises import is_disguised

UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u3164\ufe00\ufe0f\ufeff\uffa0\U000e0041\U000e0100"
)


@pytest.mark.parametrize("letter", UNSEEN, ids=lambda one: f"U+{ord(one):04X}")
@pytest.mark.parametrize("around", ["scorecard", "评分卡", "скор", "12", "a-b"])
def test_what_nobody_sees_is_no_part_of_a_name(letter: str, around: str) -> None:
    for place in range(len(around) + 1):
        assert is_disguised(around[:place] + letter + around[place:])
    assert not is_disguised(around)


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("a family", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("a colour of skin", "\U0001f469\U0001f3fd\u200d\U0001f4bb"),
        ("a flag", "\U0001f3f3\ufe0f\u200d\U0001f308"),
        ("a heart", "❤\ufe0f 好"),
        ("a key", "1\ufe0f\u20e3"),
        ("Hindi", "क्\u200dष श्\u200cर"),
        ("Persian", "می\u200cخواهم"),
        ("Mongolian", "\u1828\u180b"),
        ("accents", "e\u0301 Nguyễn"),
        ("blanks and lines", "a\tb\n c\u3000d"),
    ],
)
def test_what_belongs_to_a_writing_is_let_be(case: str, text: str) -> None:
    assert not is_disguised(text)
