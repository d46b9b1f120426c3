"""A card for people: a page of HTML that needs nothing else, and PDF (PDF/A-2b, fonts embedded)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from governance.cards.queries.shown import sections
from governance.cards.rules import Card

_PAPER = Path(__file__).parent.parent / "templates" / "cards" / "card.typ"
_FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent


def page(card: Card) -> bytes:
    """The card as HTML in its own language."""
    with translation.override(card.language):
        context = {"card": card, "sections": sections(card)}
        return render_to_string("cards/page.html", context).encode()


def paper(card: Card) -> bytes:
    """The card as PDF in its own language; the same bytes for the same card."""
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
            "sections": [dataclasses.asdict(one) for one in sections(card)],
        }
    data = {"card": json.dumps(told, ensure_ascii=False)}
    made = typst.compile(
        _PAPER, sys_inputs=data, font_paths=[_FONTS], ignore_system_fonts=True,
        pdf_standards="a-2b",
    )  # fmt: skip
    assert isinstance(made, bytes)  # noqa: S101 (one document makes one file)
    return made
