"""The packs' section on kinds of documents."""

from __future__ import annotations

from registry.core.people.rules import Role
from registry.core.policy.schema import Label, PolicyModel


class DocumentKind(PolicyModel):
    """A kind of document that can be handed in; some are attested, some lapse.

    by: the roles that may hand it in; none named: whoever may hand in evidence.
    """

    label: Label
    attested: bool = False
    valid_months: int | None = None
    material: bool = True
    by: tuple[Role, ...] = ()


class EvidenceSection(PolicyModel):
    """The kinds, by their permanent key."""

    kinds: dict[str, DocumentKind]
