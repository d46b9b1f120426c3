"""The rules of notices: when people are written to, and how each way out speaks. Pure."""

from registry.core.notices.rules.addresses import Allowed, Place, place_of
from registry.core.notices.rules.robots import (
    CARRYING_MANY,
    Item,
    Request,
    Way,
    as_json,
    compose,
    judge,
    kept,
    mark_of,
    parts_to_hide,
    signed,
)
from registry.core.notices.rules.sealing import (
    fingerprint,
    is_of,
    seal,
    seal_all,
    unseal,
    unseal_all,
)
from registry.core.notices.rules.timing import MOST_ATTEMPTS, may_write, waits

__all__ = [
    "CARRYING_MANY",
    "MOST_ATTEMPTS",
    "Allowed",
    "Item",
    "Place",
    "Request",
    "Way",
    "as_json",
    "compose",
    "fingerprint",
    "is_of",
    "judge",
    "kept",
    "mark_of",
    "may_write",
    "parts_to_hide",
    "place_of",
    "seal",
    "seal_all",
    "signed",
    "unseal",
    "unseal_all",
    "waits",
]
