"""What we decided."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GovernanceConfig(AppConfig):
    """The governance app: its slices' models belong to it."""

    name = "governance"
    verbose_name = _("Governance")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The slices declare what the core asks of them."""
        # Imported here because models must be loaded first: Django's own rule for ready().
        from governance import wiring

        wiring.declare()
