"""A card as a file: in the formats of machines, and of people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.utils.translation import gettext as _

from governance.cards.queries import printing
from governance.cards.rules import FILES, Card, Format, write
from registry.core.errors import DomainError

# What can be asked for → label, media type, ending of the file's name.
FORMATS: dict[str, tuple[str, str, str]] = {
    **{kind.value: (one.label, one.media_type, one.ending) for kind, one in FILES.items()},
    "html": ("HTML", "text/html; charset=utf-8", "html"),
    "pdf": ("PDF", "application/pdf", "pdf"),
}


@dataclass(frozen=True)
class CardFile:
    """A file that can be handed out. etag: of its bytes."""

    name: str
    media_type: str
    body: bytes

    @property
    def etag(self) -> str:
        """Strong: the same bytes."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


def file_of(card: Card, kind: str) -> CardFile:
    """The card in the format. Raises DomainError (`unknown_format`)."""
    if kind not in FORMATS:
        raise DomainError(
            "unknown_format",
            _("There is no format “%(kind)s” of model cards.") % {"kind": kind[:40]},
            field="format",
            status=400,
            hint=_("Possible: %(names)s.") % {"names": ", ".join(FORMATS)},
        )
    _label, media_type, ending = FORMATS[kind]
    about = "-".join(one for one in (card.code, card.version, card.governance.release) if one)
    return CardFile(f"{about}.{ending}", media_type, _body(card, kind))


def _body(card: Card, kind: str) -> bytes:
    if kind == "html":
        return printing.page(card)
    return printing.paper(card) if kind == "pdf" else write(card, Format(kind))
