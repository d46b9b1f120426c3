"""The settings of the tests: the same roles and triggers, plain static files, quick hashes."""

import os
import tempfile
from pathlib import Path

from config.settings.base import *  # noqa: F403 (settings build on settings)
from config.settings.base import DATABASES, OUTBOUND_HOSTS, REDIS_URL, REST_FRAMEWORK, STORAGES

for _alias in DATABASES.values():
    # Nothing outlives a test run: no commit waits for a disk, on whichever server.
    _alias["OPTIONS"] = _alias["OPTIONS"] | {"options": "-c jit=off -c synchronous_commit=off"}
SECRET_KEY = "only-for-tests-and-never-anywhere-else-000000"  # noqa: S105 (no secret)
CLOCK_CAN_BE_SET = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
_SCRATCH = tempfile.TemporaryDirectory(prefix="mingce-test-", ignore_cleanup_errors=True)
DATA_DIR = Path(_SCRATCH.name)  # gone with the process
ANCHOR_KEY_FILE = DATA_DIR / "keys" / "anchor.pem"
STOP_LIST_KEY_FILE = DATA_DIR / "keys" / "stop_list.pem"
PERMIT_KEY_FOLDER = DATA_DIR / "keys" / "permits"
ANCHOR_SINK_DIR = DATA_DIR / "anchors"
DEMO_ACCOUNTS_FILE = DATA_DIR / "demo-accounts.txt"
CELERY_TASK_ALWAYS_EAGER = False
# Test processes side by side have a broker database each.
_SIDE_BY_SIDE = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
if _SIDE_BY_SIDE != "0" and "virtual_host" not in REDIS_URL:  # a worker's test has it already
    _ON_A_SOCKET = REDIS_URL.startswith("redis+socket")
    REDIS_URL = (
        f"{REDIS_URL}?virtual_host={_SIDE_BY_SIDE}"
        if _ON_A_SOCKET
        else f"{REDIS_URL.rpartition('/')[0]}/{_SIDE_BY_SIDE}"
    )
    CELERY_BROKER_URL = REDIS_URL
REST_FRAMEWORK = REST_FRAMEWORK | {"TEST_REQUEST_DEFAULT_FORMAT": "json"}
ALLOWED_HOSTS = ["*"]
OUTBOUND_HOSTS = [*OUTBOUND_HOSTS, "http://127.0.0.1:5000"]  # as in the demo, whose story is told
