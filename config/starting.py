"""What a server makes sure of before it answers: the database is fit for production."""

from __future__ import annotations

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections


def refuse_unsafe() -> None:
    """Raises ImproperlyConfigured, naming each fault, where the settings refuse an unsafe start.

    The same checks as `manage.py check --deploy --tag installation`.
    """
    if not settings.UNSAFE_START_REFUSED:
        return
    try:
        found = checks.run_checks(tags=["installation"], include_deployment_checks=True)
    finally:
        connections.close_all()  # a server forks after this; no connection goes into the children
    if found:
        told = "".join(f"\n- {fault.msg}. {fault.hint}" for fault in found)
        raise ImproperlyConfigured(f"Unsafe production database:{told}")
