"""Handing in a foreign card: it stands as evidence; what it proposes is shown, never applied."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from governance.cards import queries
from governance.cards.queries.proposing import KIND
from registry.catalogue.models import ModelVersion
from registry.core.errors import DomainError
from registry.core.people.models import User
from registry.evidence import services as evidence
from registry.evidence.models import Document


@dataclass(frozen=True)
class HandedIn:
    """The evidence, and what the card in it says."""

    document: Document
    read: queries.Read


def hand_in(
    *,
    actor: User,
    version: ModelVersion,
    file_name: str,
    content: bytes,
    supersedes_id: uuid.UUID | None = None,
) -> HandedIn:
    """The file stands as the version's model card (of kind `model_card`: a material document).

    Raises DomainError where it is no card that can be read, and whatever evidence refuses.
    """
    read = _read(version, content)
    label = queries.FORMATS[read.told.kind.value][0]
    document = evidence.hand_in(
        actor=actor,
        subject=version,
        kind=KIND,
        title=_("Model card (%(format)s)") % {"format": label},
        file_name=file_name,
        content=io.BytesIO(content),
        supersedes_id=supersedes_id,
    )
    return HandedIn(document, read)


def _read(version: ModelVersion, content: bytes) -> queries.Read:
    try:
        return queries.read_file(version, content)
    except DomainError as error:
        error.hint = error.hint or _(
            "What is read: a Hugging Face card (.md with its header between ---), CycloneDX 1.5 to"
            " 1.7, SPDX 3.0.1 and Google's Model Card (.json)."
        )
        raise
