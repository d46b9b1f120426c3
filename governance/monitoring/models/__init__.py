"""What is watched, what was observed, what broke its limits."""

from governance.monitoring.models.asking import MetricQuery, QueryRun
from governance.monitoring.models.breaches import BREACH_STATES, Breach, BreachKind, Outcome
from governance.monitoring.models.metrics import (
    METRIC_STATES,
    BoundChoice,
    ComputedChoice,
    EffectChoice,
    Level,
    Metric,
    MetricReport,
    Observation,
    Reading,
    Threshold,
)

__all__ = [
    "BREACH_STATES",
    "METRIC_STATES",
    "BoundChoice",
    "Breach",
    "BreachKind",
    "ComputedChoice",
    "EffectChoice",
    "Level",
    "Metric",
    "MetricQuery",
    "MetricReport",
    "Observation",
    "Outcome",
    "QueryRun",
    "Reading",
    "Threshold",
]
