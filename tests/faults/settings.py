"""The test settings for a worker: the test's own moment, and a beat that wakes it every second."""

import contextlib
import datetime as dt
import os

from celery.signals import worker_process_init

from config.settings.test import *  # noqa: F403
from registry.core import clock

CELERY_BEAT_SCHEDULE = {
    "reviews": {"task": "governance.sweep_reviews", "schedule": 1.0},
    "digests": {"task": "registry.deliver", "schedule": 1.0},
}
_lasting = contextlib.ExitStack()  # as long as the process


@worker_process_init.connect(weak=False)
def set_the_clock(**_told: object) -> None:
    """In the worker's process it is that moment, whenever the test runs."""
    moment = dt.datetime.fromisoformat(os.environ["MINGCE_TEST_MOMENT"])
    _lasting.enter_context(clock.at(moment))
