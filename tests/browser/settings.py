"""The test settings for a server process: the same data folder as the test's."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

from config.settings.test import *  # noqa: F403
from registry.core import clock

DATA_DIR = Path(os.environ["MINGCE_TEST_DATA_DIR"])
ANCHOR_KEY_FILE = DATA_DIR / "keys" / "anchor.pem"
STOP_LIST_KEY_FILE = DATA_DIR / "keys" / "stop_list.pem"
PERMIT_KEY_FOLDER = DATA_DIR / "keys" / "permits"
ANCHOR_SINK_DIR = DATA_DIR / "anchors"
DEBUG = False
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
if CLOCK_FILE := os.environ.get("MINGCE_TEST_CLOCK_FILE", ""):
    MIDDLEWARE = ["tests.browser.settings.at_the_tests_moment", *MIDDLEWARE]  # noqa: F405


def at_the_tests_moment(get_response: Any) -> Any:
    """It is, for each request, the moment that the test has written into its file."""

    def answer(request: Any) -> Any:
        with clock.at(dt.datetime.fromisoformat(Path(CLOCK_FILE).read_text(encoding="utf-8"))):
            return get_response(request)

    return answer
