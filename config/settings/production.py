"""Production: the shared settings, and a refusal to start with an unsafe one."""

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403 (settings build on settings)
from config.settings.base import ALLOWED_HOSTS, CLOCK_CAN_BE_SET, DATABASES, SECRET_KEY, env

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def _refuse_unsafe() -> None:
    """Raises ImproperlyConfigured, naming every unsafe setting and how to mend it."""
    faults = []
    if len(SECRET_KEY) < 50:
        faults.append("SECRET_KEY must be set, with at least 50 characters.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        faults.append("ALLOWED_HOSTS must name the hosts, without '*'.")
    if CLOCK_CAN_BE_SET:
        faults.append("CLOCK_CAN_BE_SET is for tests and demonstrations only.")
    if not env.str("DATABASE_URL", default=""):
        faults.append("DATABASE_URL must name the application's role and database.")
    if DATABASES["default"].get("USER") == DATABASES["owner"].get("USER") and env.str(
        "DATABASE_OWNER_URL", default=""
    ):
        faults.append("DATABASE_URL and DATABASE_OWNER_URL must be different roles.")
    if DATABASES["default"].get("USER") in ("postgres", "mingce_owner"):
        faults.append("DATABASE_URL must not be the owner or a database superuser.")
    if faults:
        raise ImproperlyConfigured("Unsafe production settings:\n- " + "\n- ".join(faults))


_refuse_unsafe()
