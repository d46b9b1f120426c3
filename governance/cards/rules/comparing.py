"""What a foreign card says that the register does not, or says otherwise. Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from governance.cards.rules.card import Card

# Not compared: when and in which language a card was made; how others govern it is theirs.
_PASSED_OVER = frozenset({"made_on", "language", "governance", "identity", "code"})


@dataclass(frozen=True)
class Proposal:
    """One field: what the register holds, and what the card says. `missing`: it holds nothing."""

    field: str
    held: Any  # Any: a field of the card
    told: Any  # Any: a field of the card

    @property
    def is_missing(self) -> bool:
        """Whether the register says nothing of it."""
        return not self.held


def proposals(held: Card, told: Card) -> list[Proposal]:
    """The fields that the card tells and the register does not hold so, in the card's order."""
    return [
        Proposal(one.name, getattr(held, one.name), getattr(told, one.name))
        for one in dataclasses.fields(Card)
        if one.name not in _PASSED_OVER
        and getattr(told, one.name)
        and not _says(getattr(held, one.name), getattr(told, one.name))
    ]


def is_other_version(held: Card, told: Card) -> bool:
    """Whether the card names another digest than the version's."""
    return bool(told.digest) and told.digest != held.digest


def _says(held: Any, told: Any) -> bool:  # Any: a field of the card
    """Whether the register already holds it: a text so, of a list every entry."""
    if isinstance(told, tuple):
        return set(told) <= set(held)
    return bool(held == told)
