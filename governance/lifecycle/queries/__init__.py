"""Reading the lifecycle: facts, gates, papers, ballots."""

from governance.lifecycle.queries.facts import gather, visible_exemptions
from governance.lifecycle.queries.gates import gate_of, present, section_of
from governance.lifecycle.queries.waiting import Awaited, askable, documents_awaited

__all__ = [
    "Awaited",
    "askable",
    "documents_awaited",
    "gate_of",
    "gather",
    "present",
    "section_of",
    "visible_exemptions",
]
