"""Checkpoints' verbs: draw up and put in force, take decisions in, seal them, decide cases."""

from governance.checkpoints.services.deciding import (
    claim,
    decide,
    escalate,
    record_competence,
    report_elsewhere,
    sweep,
)
from governance.checkpoints.services.overseeing import oversee, trip
from governance.checkpoints.services.planning import activate, draft, test, withdraw
from governance.checkpoints.services.sealing import make_partitions, seal
from governance.checkpoints.services.taking import Taken, take

__all__ = [
    "Taken",
    "activate",
    "claim",
    "decide",
    "draft",
    "escalate",
    "make_partitions",
    "oversee",
    "record_competence",
    "report_elsewhere",
    "seal",
    "sweep",
    "take",
    "test",
    "trip",
    "withdraw",
]
