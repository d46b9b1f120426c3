"""The verbs of orders: stop and restrict at once, by one person; resume by others."""

from governance.suspensions.services.listing import key_id, public_jwk, public_pem, stop_list
from governance.suspensions.services.ordering import order
from governance.suspensions.services.resuming import resume

__all__ = ["key_id", "order", "public_jwk", "public_pem", "resume", "stop_list"]
