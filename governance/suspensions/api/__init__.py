"""REST: orders, who enforces them, drills, and the signed list of what is stopped."""

from governance.suspensions.api.consumers import AcknowledgementDoor, ConsumerDoor
from governance.suspensions.api.drills import DrillReportDoor
from governance.suspensions.api.orders import OrderDoor
from governance.suspensions.api.stop_list import StopListDoor

__all__ = ["AcknowledgementDoor", "ConsumerDoor", "DrillReportDoor", "OrderDoor", "StopListDoor"]
