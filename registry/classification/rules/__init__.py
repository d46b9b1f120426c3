"""The pure heart of classification and grading 分类分级: read `grading`, then the rest."""

from registry.classification.rules.grading import FloorHit, GradeResult, grade, prefill, residual
from registry.classification.rules.overriding import OverrideRequest, check_override
from registry.classification.rules.readings import Problem, problems
from registry.classification.rules.tiers import Effect, Tier, strictest

__all__ = [
    "Effect",
    "FloorHit",
    "GradeResult",
    "OverrideRequest",
    "Problem",
    "Tier",
    "check_override",
    "grade",
    "prefill",
    "problems",
    "residual",
    "strictest",
]
