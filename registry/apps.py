"""What exists."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    """The registry app: its slices' models belong to it."""

    name = "registry"
    verbose_name = _("Registry")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The slices declare what the core asks of them."""
        # Imported here because models must be loaded first: Django's own rule for ready().
        from registry import wiring

        wiring.declare()
