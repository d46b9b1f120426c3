"""The test settings for a server process: the same data folder as the test's."""

import os
from pathlib import Path

from config.settings.test import *  # noqa: F403

DATA_DIR = Path(os.environ["MINGCE_TEST_DATA_DIR"])
ANCHOR_KEY_FILE = DATA_DIR / "keys" / "anchor.pem"
ANCHOR_SINK_DIR = DATA_DIR / "anchors"
DEBUG = False
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
