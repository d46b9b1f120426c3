"""REST: decisions come in; plans, cases and competences."""

from governance.checkpoints.api.cases import CaseDoor, CompetenceDoor
from governance.checkpoints.api.decisions import DecisionDoor
from governance.checkpoints.api.plans import PlanDoor

__all__ = ["CaseDoor", "CompetenceDoor", "DecisionDoor", "PlanDoor"]
