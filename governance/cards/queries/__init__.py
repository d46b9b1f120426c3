"""Reading cards: gathered from the register, shown to people, printed."""

from governance.cards.queries.files import FORMATS, CardFile, file_of
from governance.cards.queries.gathering import of_release, of_version, whole
from governance.cards.queries.proposing import KIND, LANGUAGES, Read, read_document, read_file
from governance.cards.queries.shown import Section, field_in_words, sections, value_in_lines

__all__ = [
    "FORMATS",
    "KIND",
    "LANGUAGES",
    "CardFile",
    "Read",
    "Section",
    "field_in_words",
    "file_of",
    "of_release",
    "of_version",
    "read_document",
    "read_file",
    "sections",
    "value_in_lines",
    "whole",
]
