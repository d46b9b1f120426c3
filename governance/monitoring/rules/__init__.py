"""The rulebook of monitoring. Pure."""

from governance.monitoring.rules.computing import Computed, Figure, compute
from governance.monitoring.rules.judging import (
    BASED,
    LONGEST_HISTORY,
    Bound,
    Effect,
    Limits,
    Verdict,
    held,
    judge,
    looser,
)

__all__ = [
    "BASED",
    "LONGEST_HISTORY",
    "Bound",
    "Computed",
    "Effect",
    "Figure",
    "Limits",
    "Verdict",
    "compute",
    "held",
    "judge",
    "looser",
]
