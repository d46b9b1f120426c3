"""The packs' section on kinds of documents."""

from __future__ import annotations

from registry.core.policy.schema import Label, PolicyModel


class DocumentKind(PolicyModel):
    """A kind of document that can be handed in; some are attested, some lapse."""

    label: Label
    attested: bool = False
    valid_months: int | None = None
    material: bool = True


class EvidenceSection(PolicyModel):
    """The kinds, by their permanent key."""

    kinds: dict[str, DocumentKind]
