"""The only source of now. It can be set only where the settings allow it (tests, the demo)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

from django.conf import settings

_set_to: ContextVar[dt.datetime | None] = ContextVar("mingce_clock", default=None)


def now() -> dt.datetime:
    """The present moment, aware, in UTC, or the moment that a test or the demo has set."""
    return _set_to.get() or dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """The present day in the institution's time zone."""
    return local_day(now())


def day_begins() -> dt.datetime:
    """The moment at which the present day began in the institution's time zone."""
    return dt.datetime.combine(today(), dt.time(), _zone())


def local_hour(moment: dt.datetime) -> int:
    """The hour of the moment, 0 to 23, in the institution's time zone."""
    return moment.astimezone(_zone()).hour


def local_day(moment: dt.datetime) -> dt.date:
    """The day of the moment in the institution's time zone."""
    return moment.astimezone(_zone()).date()


def moment_of(text: str) -> dt.datetime:
    """The moment that an entry tells, as ISO 8601."""
    return dt.datetime.fromisoformat(text)


def _zone() -> dt.tzinfo:
    return ZoneInfo(settings.TIME_ZONE)


@contextmanager
def at(moment: dt.datetime) -> Iterator[None]:
    """Inside the block it is `moment`. Raises RuntimeError where the settings do not allow it."""
    if not settings.CLOCK_CAN_BE_SET:
        raise RuntimeError("The clock can be set only under test and demo settings.")
    token = _set_to.set(moment)
    try:
        yield
    finally:
        _set_to.reset(token)
