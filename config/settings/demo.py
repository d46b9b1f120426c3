"""The settings of `make run`: one machine, real services, real roles, a settable clock.

Without DATABASE_URL the addresses are those of a `make run` in progress, which it has written
down in var/local.env: so `manage.py` works in another terminal. What is set is never replaced.
"""

import os
import secrets
from pathlib import Path

import environ

if "DATABASE_URL" not in os.environ:
    environ.Env.read_env(Path(__file__).resolve().parents[2] / "var" / "local.env")

from config.settings.base import *  # noqa: E402, F403 (the environment first)
from config.settings.base import (  # noqa: E402 (the same)
    CELERY_BEAT_SCHEDULE,
    DATA_DIR,
    OUTBOUND_HOSTS,
    SECRET_KEY,
    env,
)

# Several processes share one key by the environment; a single one may make its own.
SECRET_KEY = SECRET_KEY or secrets.token_urlsafe(50)
CLOCK_CAN_BE_SET = True
# The demo's sources are told, not read: where MLflow listens by default, nobody asks by itself.
OUTBOUND_HOSTS = [*OUTBOUND_HOSTS, "http://127.0.0.1:5000"]
CELERY_BEAT_SCHEDULE = {
    name: one for name, one in CELERY_BEAT_SCHEDULE.items() if name != "sources"
}
DEMO_ACCOUNTS_FILE = DATA_DIR / "demo-accounts.txt"
SESSION_COOKIE_SECURE = env.bool("SESSION_COOKIE_SECURE", default=False)
PASSWORD_HASHERS = [
    "config.local.passwords.OneLaneScrypt",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
