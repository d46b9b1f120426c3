"""The rules of notices: when people are written to, and how each way out speaks. Pure."""

from registry.core.notices.rules.robots import (
    CARRYING_MANY,
    Item,
    Request,
    Way,
    as_json,
    compose,
    judge,
    kept,
    parts_to_hide,
    signed,
)
from registry.core.notices.rules.sealing import fingerprint, seal, unseal
from registry.core.notices.rules.timing import MOST_ATTEMPTS, may_write, waits

__all__ = [
    "CARRYING_MANY",
    "MOST_ATTEMPTS",
    "Item",
    "Request",
    "Way",
    "as_json",
    "compose",
    "fingerprint",
    "judge",
    "kept",
    "may_write",
    "parts_to_hide",
    "seal",
    "signed",
    "unseal",
    "waits",
]
