"""The database has its tables, triggers and privileges: `manage.py prepare_database`."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from registry.core.ledger.services.granting import free_clock, grant


class Command(BaseCommand):
    """Migrates as the owner, then grants the application's role the least it needs."""

    help = "Migrate as the owner role and grant the application's role what it needs."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's way)

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        """Runs once per installation and after each upgrade."""
        call_command("migrate", database="owner", verbosity=min(options["verbosity"], 1))
        free_clock(allowed=settings.CLOCK_CAN_BE_SET)
        self.stdout.write(f"granted: {grant()} tables")
