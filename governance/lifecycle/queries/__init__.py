"""Reading the lifecycle: facts, gates, papers, ballots."""

from governance.lifecycle.queries.facts import gather, visible_exemptions
from governance.lifecycle.queries.gates import gate_of, present, section_of

__all__ = ["gate_of", "gather", "present", "section_of", "visible_exemptions"]
