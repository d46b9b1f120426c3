"""What a foreign card, handed in as evidence, says beside what the register holds."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language

from governance.cards import rules
from governance.cards.queries.gathering import of_release, of_version
from governance.cards.rules.reading import MOST_BYTES
from registry.catalogue.models import ModelVersion
from registry.evidence import queries as evidence
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import Release

KIND = "model_card"  # of documents
LANGUAGES = ("zh-hans", "en")


@dataclass(frozen=True)
class Read:
    """A foreign card as it was read. is_other_version: it names another digest."""

    told: rules.Told
    proposals: list[rules.Proposal]
    is_other_version: bool


def read_file(version: ModelVersion, content: bytes) -> Read:
    """What the file says beside what is known of the version (with model, owner and entity).

    Raises DomainError where it is no card that can be read.
    """
    told = rules.read(content)
    own = told.card.language  # a card of ours is compared in its own language
    held = _held(version, own if own in LANGUAGES else get_language() or "en")
    found = rules.proposals(held, told.card)
    return Read(told, found, rules.is_other_version(held, told.card))


def _held(version: ModelVersion, language: str) -> rules.Card:
    """The card of the version's newest release, which says what it is for; else its own."""
    rows = releases.whole(Release.objects.filter(version=version))
    newest = rows.order_by("-stage_since", "-pk").first()
    return of_release(newest, language) if newest is not None else of_version(version, language)


def read_document(version: ModelVersion, document: Document) -> Read:
    """The same of a card that was handed in earlier."""
    with evidence.opened(document.sha256) as file:
        return read_file(version, file.read(MOST_BYTES + 1))
