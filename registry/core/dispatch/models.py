"""Where the dispatcher stands, and which objects wait."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Cursor(models.Model):
    """The last ledger entry that a reaction has seen."""

    reaction = models.CharField(primary_key=True, max_length=80)
    seq = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "dispatch cursor"
        verbose_name_plural = "dispatch cursors"

    def __str__(self) -> str:
        return f"{self.reaction} {self.seq}"


class Held(models.Model):
    """An object whose reaction failed: it waits from an entry on, the others go on.

    After five failures it is parked, until an administrator releases it.
    """

    reaction = models.CharField(_("reaction"), max_length=80)
    subject_id = models.UUIDField(_("object"))
    from_seq = models.BigIntegerField(_("from entry"))
    failures = models.PositiveIntegerField(_("failures"), default=0)
    next_try_at = models.DateTimeField(_("next try"))
    parked_at = models.DateTimeField(_("parked at"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("parked object")
        verbose_name_plural = _("parked objects")
        constraints = (
            models.UniqueConstraint(
                name="an_object_waits_once_per_reaction", fields=["reaction", "subject_id"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.reaction} {self.subject_id}"
