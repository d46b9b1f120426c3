"""What nobody sees in a text, or what turns it round: two names that read alike and are not.

Some of it belongs to writing: joiners to emoji, to Indic and to Persian words, selectors to emoji,
to Mongolian letters. There they stand behind what they change, and nowhere else.
"""

from __future__ import annotations

import re
import unicodedata

_NEVER = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"  # soft hyphen, marks, fillers
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f"
_MONGOLIAN = "\u180b-\u180f"
_SUSPECT = re.compile(f"[{_NEVER}{_JOINERS}{_SELECTORS}{_MONGOLIAN}]")
_HIDES = re.compile(f"[{_NEVER}]")
_KEYCAP = "\u20e3"
_VIRAMA = 9  # the combining class of what kills an Indic letter's vowel


def is_disguised(text: str) -> bool:
    """Whether the text holds characters by which it reads otherwise than it is."""
    return any(_is_out_of_place(text, found.start()) for found in _SUSPECT.finditer(text))


def _is_out_of_place(text: str, place: int) -> bool:
    letter, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if _HIDES.match(letter) or not before:
        return True
    if letter in _JOINERS:
        return not _is_joined(before, after)
    if "\u180b" <= letter <= "\u180f":
        return not "\u1820" <= before <= "\u18aa"
    return after != _KEYCAP and not _is_symbol(before)


def _is_joined(before: str, after: str) -> bool:
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if unicodedata.bidirectional(before) == "AL":
        return bool(after) and unicodedata.bidirectional(after) == "AL"
    is_emoji = _is_symbol(before) or before == "\ufe0f" or unicodedata.category(before) == "Sk"
    return is_emoji and bool(after) and _is_symbol(after)


def _is_symbol(letter: str) -> bool:
    return not letter.isascii() and unicodedata.category(letter) in ("So", "Sm", "Po", "Pd")
