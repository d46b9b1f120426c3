"""When a message is tried again, and when a whole receiver is left in peace. Pure.

The steps are those that Standard Webhooks 1.0.0 proposes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

# Before the first attempt, the second, and so on: three days and a bit from first to last.
STEPS: Sequence[dt.timedelta] = (
    dt.timedelta(0),
    dt.timedelta(seconds=5),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=5),
    dt.timedelta(hours=10),
    dt.timedelta(hours=14),
    dt.timedelta(hours=20),
    dt.timedelta(hours=24),
)
MOST_ATTEMPTS = len(STEPS)
LONGEST_WAIT = dt.timedelta(hours=24)  # whatever a receiver asks for
LONGEST_REST = dt.timedelta(minutes=30)  # one that is back hears of what is new soon
SHORT_REST = dt.timedelta(minutes=1)
DEAD_AFTER = dt.timedelta(days=5)  # of nothing but failures
SLOW = frozenset({429, 502, 503, 504})


def waits(attempts: int) -> dt.timedelta:
    """How long after so many failed attempts the next one of a message is made."""
    return STEPS[min(attempts, MOST_ATTEMPTS - 1)]


def rests(failures: int, status: int) -> dt.timedelta:
    """How long a receiver rests after so many failures one after another, the last with this
    answer. One that answers rests briefly: it may be the messages, and others wait behind them.
    """
    return min(waits(failures), LONGEST_REST if is_endpoint(status) else SHORT_REST)


def is_endpoint(status: int) -> bool:
    """Whether the receiver as a whole is in trouble, and not with this message alone."""
    return status == 0 or status in SLOW


def asked_wait(retry_after: str, now: dt.datetime) -> dt.timedelta:
    """What the header `Retry-After` asks for, in seconds or as a date; a day at most."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        asked = dt.timedelta(seconds=int(text))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return dt.timedelta(0)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        asked = moment - now
    return max(dt.timedelta(0), min(asked, LONGEST_WAIT))
