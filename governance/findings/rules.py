"""How a finding's title reads. Pure."""

from __future__ import annotations

import re

_OF_A_METRIC = re.compile(r"(RI-06: .+?) · (.+) / (.+)")


def title_in(title: str, *, chinese: bool) -> str:
    """The title; what a breach of a metric has opened bears both languages, and is read in one."""
    both = _OF_A_METRIC.fullmatch(title)
    return f"{both[1]} · {both[2] if chinese else both[3]}" if both else title
