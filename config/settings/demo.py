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
from config.settings.base import DATA_DIR, SECRET_KEY, env  # noqa: E402 (the same)

# Several processes share one key by the environment; a single one may make its own.
SECRET_KEY = SECRET_KEY or secrets.token_urlsafe(50)
CLOCK_CAN_BE_SET = True
DEMO_ACCOUNTS_FILE = DATA_DIR / "demo-accounts.txt"
SESSION_COOKIE_SECURE = env.bool("SESSION_COOKIE_SECURE", default=False)
PASSWORD_HASHERS = [
    "config.local.passwords.OneLaneScrypt",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
