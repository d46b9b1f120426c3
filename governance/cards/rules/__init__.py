"""The card, the formats it is written in and read from, and what a foreign card proposes."""

from governance.cards.rules.card import (
    Card,
    Consideration,
    Dataset,
    Energy,
    Fairness,
    Figure,
    Governance,
    Owner,
    Pair,
    Restriction,
    Watched,
)
from governance.cards.rules.comparing import Proposal, is_other_version, proposals
from governance.cards.rules.formats import FILES, File, Format, Told, read, write

__all__ = [
    "FILES",
    "Card",
    "Consideration",
    "Dataset",
    "Energy",
    "Fairness",
    "Figure",
    "File",
    "Format",
    "Governance",
    "Owner",
    "Pair",
    "Proposal",
    "Restriction",
    "Told",
    "Watched",
    "is_other_version",
    "proposals",
    "read",
    "write",
]
