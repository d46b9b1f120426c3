"""Policy packs as released: immutable content, its digest, and which one is in force."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import follows, guarded, warranted
from registry.core.ledger.models import Governed
from registry.core.transitions import Transitions


class PackState(models.TextChoices):
    """A release of a pack is loaded, then in force, then superseded by the next."""

    LOADED = "loaded", _("loaded")
    ACTIVE = "active", _("in force")
    SUPERSEDED = "superseded", _("superseded")


PACK_STATES = Transitions.table(
    "state", "loaded", {"loaded": ["active"], "active": ["superseded"], "superseded": ["active"]}
)


class PackRelease(Governed):
    """One immutable release of a policy pack."""

    key = models.CharField(_("pack"), max_length=60)
    version = models.CharField(_("version"), max_length=40)
    sha256 = models.CharField(max_length=64, unique=True)
    content = models.TextField()  # JSON as text: jsonb would forget the order of the codes
    state = models.CharField(_("state"), max_length=12, choices=PackState, default=PackState.LOADED)
    profile = models.CharField(_("profile"), max_length=40, blank=True)
    effective_from = models.DateTimeField(_("in force from"), null=True, blank=True)

    class Meta:
        verbose_name = _("policy pack release")
        verbose_name_plural = _("policy pack releases")
        constraints = (
            models.UniqueConstraint(name="a_pack_version_is_unique", fields=["key", "version"]),
            models.UniqueConstraint(
                name="one_release_of_a_pack_is_in_force",
                fields=["key"],
                condition=Q(state="active"),
            ),
        )
        triggers = (
            *guarded("registry.packrelease", immutable=("key", "version", "sha256", "content")),
            follows(PACK_STATES),
            warranted(
                "state",
                "profile",
                "effective_from",
                by=("pack.activation_granted",),
                born_empty=False,
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.version}"
