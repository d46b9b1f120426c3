"""Plans, decisions and their seals, cases: what happens at run time, and what people do with it."""

from governance.checkpoints.models.cases import Case, Competence, Sample
from governance.checkpoints.models.decisions import Batch, Decision, DecisionKey, Seal
from governance.checkpoints.models.feeds import Feed
from governance.checkpoints.models.plans import Plan

__all__ = [
    "Batch", "Case", "Competence", "Decision", "DecisionKey", "Feed", "Plan", "Sample", "Seal",
]  # fmt: skip
