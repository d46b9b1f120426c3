"""Checkpoints' verbs: draw up and put in force, take decisions in, seal them, decide cases."""

from governance.checkpoints.services.asking import ask, give_view, may_reply, reply
from governance.checkpoints.services.deciding import (
    CLAIM,
    claim,
    decide,
    escalate,
    report_elsewhere,
    sweep,
)
from governance.checkpoints.services.feeding import answer, to_answer
from governance.checkpoints.services.overseeing import oversee, trip
from governance.checkpoints.services.planning import (
    activate,
    draft,
    request_trial,
    test,
    withdraw,
)
from governance.checkpoints.services.sampling import commit, draw, plant
from governance.checkpoints.services.sealing import make_partitions, seal
from governance.checkpoints.services.taking import MOST, Taken, take
from governance.checkpoints.services.training import end_competence, record_competence

__all__ = [
    "CLAIM",
    "MOST",
    "Taken",
    "activate",
    "answer",
    "ask",
    "claim",
    "commit",
    "decide",
    "draft",
    "draw",
    "end_competence",
    "escalate",
    "give_view",
    "make_partitions",
    "may_reply",
    "oversee",
    "plant",
    "record_competence",
    "reply",
    "report_elsewhere",
    "request_trial",
    "seal",
    "sweep",
    "take",
    "test",
    "to_answer",
    "trip",
    "withdraw",
]
