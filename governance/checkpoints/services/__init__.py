"""Checkpoints' verbs: draw up and put in force, take decisions in, seal them, decide cases."""

from governance.checkpoints.services.deciding import (
    claim,
    decide,
    escalate,
    record_competence,
    report_elsewhere,
    sweep,
)
from governance.checkpoints.services.planning import activate, draft, test, withdraw
from governance.checkpoints.services.sealing import make_partitions, seal
from governance.checkpoints.services.taking import MOST, Taken, take

__all__ = [
    "MOST",
    "Taken",
    "activate",
    "claim",
    "decide",
    "draft",
    "escalate",
    "make_partitions",
    "record_competence",
    "report_elsewhere",
    "seal",
    "sweep",
    "take",
    "test",
    "withdraw",
]
