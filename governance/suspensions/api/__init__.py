"""REST: orders, and the signed list of what is stopped."""

from governance.suspensions.api.orders import OrderDoor
from governance.suspensions.api.stop_list import StopListDoor

__all__ = ["OrderDoor", "StopListDoor"]
