"""Production: the shared settings, and a refusal to start with an unsafe one."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403 (settings build on settings)
from config.settings.base import ALLOWED_HOSTS, CLOCK_CAN_BE_SET, DATABASES, SECRET_KEY, env

UNSAFE_START_REFUSED = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

_POSTGRESQL = {"postgres", "postgresql", "psql", "pgsql"}
_FEWEST_CHARACTERS = 10  # different ones; sixteen hexadecimal figures are enough


def _key_faults() -> list[str]:
    if len(SECRET_KEY) < 50:
        return ["SECRET_KEY must be set, with at least 50 characters."]
    repeats = SECRET_KEY in (SECRET_KEY + SECRET_KEY)[1:-1]
    if repeats or len(set(SECRET_KEY)) < _FEWEST_CHARACTERS:
        return ["SECRET_KEY must be random, not one piece over and over again."]
    return []


def _host_faults() -> list[str]:
    named = env.str("ALLOWED_HOSTS", default="") and ALLOWED_HOSTS
    if not named or any("*" in host or host.strip().startswith(".") for host in named):
        return ["ALLOWED_HOSTS must name the hosts, without wildcards ('*', '.example')."]
    return []


def _redirect_faults() -> list[str]:
    if SECURE_SSL_REDIRECT or env.bool("SECURE_SSL_REDIRECT_OFF_IS_INTENDED", default=False):
        return []
    return [
        "SECURE_SSL_REDIRECT is off: set SECURE_SSL_REDIRECT_OFF_IS_INTENDED=true where nothing"
        " reaches this server except through TLS."
    ]


def _database_faults() -> list[str]:
    given = env.str("DATABASE_URL", default="")
    if not given:
        return ["DATABASE_URL must name the application's role and database."]
    user, owner = DATABASES["default"].get("USER"), DATABASES["owner"].get("USER")
    faults = []
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        address = env.str(name, default="")
        if address and urlsplit(address).scheme not in _POSTGRESQL:
            faults.append(f"{name} must be the address of a PostgreSQL database.")
    if faults:
        return faults
    if not user:
        return ["DATABASE_URL must name the application's role."]
    if user in ("postgres", "mingce_owner"):
        return ["DATABASE_URL must not be the owner or a database superuser."]
    if user == owner:
        return ["DATABASE_URL and DATABASE_OWNER_URL must be different roles."]
    return []


def _refuse_unsafe() -> None:
    """Raises ImproperlyConfigured, naming every unsafe setting and how to mend it."""
    faults = [*_key_faults(), *_host_faults(), *_redirect_faults()]
    if CLOCK_CAN_BE_SET:
        faults.append("CLOCK_CAN_BE_SET is for tests and demonstrations only.")
    faults += _database_faults()
    if faults:
        raise ImproperlyConfigured("Unsafe production settings:\n- " + "\n- ".join(faults))


_refuse_unsafe()
