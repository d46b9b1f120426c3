"""The formats: their names, files and media types; writing a card, and reading a file. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from governance.cards.rules import cyclonedx, google, huggingface, spdx
from governance.cards.rules.card import Card
from governance.cards.rules.reading import Node, load, wrong_kind


class Format(StrEnum):
    """A format in which machines exchange cards."""

    HUGGINGFACE = "huggingface"
    CYCLONEDX_1_6 = "cyclonedx-1.6"
    CYCLONEDX_1_7 = "cyclonedx-1.7"
    SPDX = "spdx-3.0.1"
    GOOGLE = "google"


@dataclass(frozen=True)
class File:
    """How a format's file is called and served."""

    label: str
    media_type: str
    ending: str


FILES: dict[Format, File] = {
    Format.HUGGINGFACE: File("Hugging Face", "text/markdown; charset=utf-8", "README.md"),
    Format.CYCLONEDX_1_6: File(
        "CycloneDX 1.6", "application/vnd.cyclonedx+json; version=1.6", "cdx.json"
    ),
    Format.CYCLONEDX_1_7: File(
        "CycloneDX 1.7", "application/vnd.cyclonedx+json; version=1.7", "cdx17.json"
    ),
    Format.SPDX: File("SPDX 3.0.1", "application/spdx+json", "spdx.json"),
    Format.GOOGLE: File("Google Model Card", "application/json", "model_card.json"),
}


def write(card: Card, kind: Format) -> bytes:
    """The file's bytes: the same for the same card."""
    match kind:
        case Format.HUGGINGFACE:
            return huggingface.write(card).encode()
        case Format.CYCLONEDX_1_6:
            return _json(cyclonedx.write(card, "1.6"))
        case Format.CYCLONEDX_1_7:
            return _json(cyclonedx.write(card, "1.7"))
        case Format.SPDX:
            return _json(spdx.write(card))
        case Format.GOOGLE:
            return _json(google.write(card))
    assert_never(kind)


def _json(document: dict[str, Any]) -> bytes:  # Any: JSON
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


@dataclass(frozen=True)
class Told:
    """What a foreign file says, and in which format."""

    kind: Format
    card: Card


def read(content: bytes) -> Told:
    """The card that the file tells, whichever of the formats it is in.

    Raises DomainError (`card_unreadable`, `card_too_large`) that names the place.
    """
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:3] == b"---":
        return Told(Format.HUGGINGFACE, huggingface.read(content))
    document = load(content)
    kind = _recognised(document)
    reads = {Format.SPDX: spdx.read, Format.GOOGLE: google.read}
    return Told(kind, reads.get(kind, cyclonedx.read)(document))


def _recognised(document: Node) -> Format:
    if document.at("bomFormat").text() == "CycloneDX":
        version = document.at("specVersion").text()
        if version not in ("1.5", *cyclonedx.VERSIONS):
            raise wrong_kind("specVersion", "1.5, 1.6, 1.7")
        return Format.CYCLONEDX_1_7 if version == "1.7" else Format.CYCLONEDX_1_6
    if document.at("@graph"):
        return Format.SPDX
    if document.at("model_details") or document.at("model_parameters"):
        return Format.GOOGLE
    raise wrong_kind("", "Hugging Face, CycloneDX, SPDX, Google Model Card")
