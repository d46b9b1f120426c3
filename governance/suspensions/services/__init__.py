"""The verbs of orders: stop and restrict at once, by one person; resume by others."""

from governance.suspensions.services.ordering import order
from governance.suspensions.services.resuming import resume

__all__ = ["order", "resume"]
