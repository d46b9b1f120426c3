"""Suspected personal data in what gateways post: numbers of identity cards, phones, bank cards.

Such a value is not stored. Digits inside a longer word (a digest) are not looked at; the checksums
of identity and bank cards keep ordinary numbers out. Pure.
"""

from __future__ import annotations

import re

LONG = 15  # digits from which a bare number is looked at: an amount is shorter
_EDGE, _END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_SUSPECTS = re.compile(
    _EDGE
    + r"(?:(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}|\d{17}[\dXx]|\d{4}(?:[- ]?\d{4}){3,4}\d{0,3}"
    r"|\d{13,19})" + _END
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def may_hold_any(text: str) -> bool:
    """A quick look: whether the text could hold such a number at all."""
    return _SUSPECTS.search(text) is not None


def kind_of(value: object) -> str:
    """ "identity_card", "phone" or "bank_card" for what looks like one; else empty."""
    if isinstance(value, int) and not isinstance(value, bool) and len(str(abs(value))) >= LONG:
        value = str(value)
    if not isinstance(value, str):
        return ""
    for found in _SUSPECTS.finditer(value):
        digits = re.sub(r"[^0-9Xx]", "", found.group())
        if len(digits) == 18 and _is_identity_card(digits):
            return "identity_card"
        bare = digits.removeprefix("86") if len(digits) == 13 else digits
        if len(bare) == 11 and bare[0] == "1":
            return "phone"
        if 13 <= len(digits) <= 19 and digits.isdigit() and _is_by_luhn(digits):
            return "bank_card"
    return ""


def _is_identity_card(digits: str) -> bool:
    """GB 11643: the last character checks the seventeen before; the month and day exist."""
    month, day = int(digits[10:12]), int(digits[12:14])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return False
    total = sum(weight * int(one) for weight, one in zip(_WEIGHTS, digits[:17], strict=True))
    return "10X98765432"[total % 11] == digits[17].upper()


def _is_by_luhn(digits: str) -> bool:
    """ISO/IEC 7812: the check digit of payment cards."""
    total = 0
    for place, one in enumerate(reversed(digits)):
        number = int(one) * (1 + place % 2)
        total += number - 9 * (number > 9)
    return total % 10 == 0
