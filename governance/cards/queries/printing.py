"""A card for people: a page of HTML that needs nothing else, and PDF (PDF/A-2b, fonts embedded)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from governance.cards.queries import glyphs
from governance.cards.queries.shown import Section, sections
from governance.cards.rules import Card
from registry.core.errors import DomainError

# Of one table or list on paper; the other formats hold everything.
MOST_ROWS = 200
MOST_LETTERS = 30_000
_PAPER = Path(__file__).parent.parent / "templates" / "cards" / "card.typ"
_FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
_FONT = _FONTS / "NotoSansSC-Regular.otf"  # the paper's


def page(card: Card) -> bytes:
    """The card as HTML in its own language."""
    with translation.override(card.language):
        context = {"card": card, "sections": sections(card)}
        return render_to_string("cards/page.html", context).encode()


def paper(card: Card) -> bytes:
    """The card as PDF in its own language; the same bytes for the same card.

    Long lists are cut, and say so. Raises DomainError (`card_not_printable`).
    """
    with translation.override(card.language):
        day = dt.date.fromisoformat(card.made_on)
        chinese = card.language.startswith("zh")
        told = {
            "title": card.name,
            "subtitle": _("Model card"),
            "institution": card.institution,
            "footer": f"{card.code} · {card.version} · {card.made_on}",
            "made_on": {"year": day.year, "month": day.month, "day": day.day},
            "lang": "zh" if chinese else "en",
            "region": "cn" if chinese else "gb",
            "sections": [dataclasses.asdict(_cut(one)) for one in sections(card)],
        }
        return _printed(told)


def _printed(told: dict[str, Any]) -> bytes:  # Any: JSON
    """The paper; where a text is in the way, with that text told otherwise."""
    try:
        return _set(told)
    except typst.TypstError:
        told = glyphs.shown(told, _FONT)
    try:
        return _set(told)
    except typst.TypstError as error:
        raise DomainError(
            "card_not_printable",
            _("This card can't be put on paper: one of its texts can't be set."),
            field="format",
            hint=_("Take another format."),
        ) from error


def _set(told: dict[str, Any]) -> bytes:  # Any: JSON
    data = {"card": json.dumps(told, ensure_ascii=False)}
    made = typst.compile(
        _PAPER, sys_inputs=data, font_paths=[_FONTS], ignore_system_fonts=True,
        pdf_standards="a-2b",
    )  # fmt: skip
    assert isinstance(made, bytes)  # noqa: S101 (one document makes one file)
    return made


def _cut(section: Section) -> Section:
    """The section as paper holds it."""
    rows = [dataclasses.replace(one, lines=_lines(one.lines)) for one in section.rows]
    tables = [dataclasses.replace(one, rows=tuple(_first(one.rows))) for one in section.tables]
    return dataclasses.replace(section, rows=tuple(rows), tables=tuple(tables))


def _lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for (line,) in _first([(line,) for line in lines]))


def _first(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The first rows, and how many more there are."""
    kept: list[tuple[str, ...]] = []
    left = MOST_LETTERS
    for row in rows[:MOST_ROWS]:
        left -= sum(len(cell) for cell in row)
        if kept and left < 0:
            break
        kept.append(tuple(_short(cell) for cell in row))
    if more := len(rows) - len(kept):
        words = _("… and %(count)s more, which the other formats hold.") % {"count": more}
        kept.append((words, *[""] * (len(rows[0]) - 1)))
    return kept


def _short(cell: str) -> str:
    return cell if len(cell) <= MOST_LETTERS else f"{cell[:MOST_LETTERS]} …"
