"""The verbs of orders: stop and restrict at once, by one person; resume by others; drills."""

from governance.suspensions.services.consuming import (
    NewConsumer,
    acknowledge,
    close_consumer,
    open_consumer,
)
from governance.suspensions.services.drilling import Drilled, countersign_drill, report_drill
from governance.suspensions.services.listing import key_id, public_jwk, public_pem, stop_list
from governance.suspensions.services.ordering import order
from governance.suspensions.services.posting import claim, post, send, tell_late
from governance.suspensions.services.resuming import ratify, resume

__all__ = [
    "Drilled",
    "NewConsumer",
    "acknowledge",
    "claim",
    "close_consumer",
    "countersign_drill",
    "key_id",
    "open_consumer",
    "order",
    "post",
    "public_jwk",
    "public_pem",
    "ratify",
    "report_drill",
    "resume",
    "send",
    "stop_list",
    "tell_late",
]
