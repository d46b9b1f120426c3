"""The ledger's verbs: act, anchor, verify, export."""

from registry.core.ledger.rules import digest_of as digest
from registry.core.ledger.services.acts import Act, Actor, Warrant, act, lock, tell_after_commit
from registry.core.ledger.services.anchoring import anchor, anchor_when_due, last_anchor
from registry.core.ledger.services.exporting import export
from registry.core.ledger.services.refusing import record_refusal, refusals_recorded
from registry.core.ledger.services.verifying import Report, declare_check, verify

__all__ = [
    "Act",
    "Actor",
    "Report",
    "Warrant",
    "act",
    "anchor",
    "anchor_when_due",
    "declare_check",
    "digest",
    "export",
    "last_anchor",
    "lock",
    "record_refusal",
    "refusals_recorded",
    "tell_after_commit",
    "verify",
]
