"""The rules of webhooks: which events, in which shape, when again. Pure."""

from governance.webhooks.rules.events import (
    TESTED,
    Event,
    body_of,
    changes_of,
    event_type,
    fitting,
    tested_body,
)
from governance.webhooks.rules.timing import (
    DEAD_AFTER,
    MOST_ATTEMPTS,
    asked_wait,
    is_endpoint,
    rests,
    waits,
)

__all__ = [
    "DEAD_AFTER",
    "MOST_ATTEMPTS",
    "TESTED",
    "Event",
    "asked_wait",
    "body_of",
    "changes_of",
    "event_type",
    "fitting",
    "is_endpoint",
    "rests",
    "tested_body",
    "waits",
]
