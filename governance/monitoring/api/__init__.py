"""REST doors of monitoring."""

from governance.monitoring.api.breaches import BreachDoor
from governance.monitoring.api.metrics import MetricDoor, MetricQueryDoor
from governance.monitoring.api.observations import ObservationDoor

__all__ = ["BreachDoor", "MetricDoor", "MetricQueryDoor", "ObservationDoor"]
