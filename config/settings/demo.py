"""The settings of `make run`: one machine, real services, real roles, a settable clock."""

import secrets

from config.settings.base import *  # noqa: F403
from config.settings.base import BASE_DIR, SECRET_KEY, env

SECRET_KEY = SECRET_KEY or secrets.token_urlsafe(50)
CLOCK_CAN_BE_SET = True
DEMO_ACCOUNTS_FILE = BASE_DIR / "var" / "demo-accounts.txt"
SESSION_COOKIE_SECURE = env.bool("SESSION_COOKIE_SECURE", default=False)
