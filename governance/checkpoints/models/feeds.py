"""How far each gateway's webhook has been told what became of its cases."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.suspensions.models import Consumer


class Feed(models.Model):
    """What a gateway has been told: everything in the ledger up to an entry. Operational.

    seq: the last entry that was taken; upto: the last one of the message that is on its way, 0
    where there is none. A message that was not taken goes out again with the same cases and id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    consumer = models.OneToOneField(
        Consumer, models.PROTECT, related_name="feed", verbose_name=_("enforcing system")
    )
    seq = models.BigIntegerField(_("told up to entry"), default=0)
    upto = models.BigIntegerField(_("being told up to entry"), default=0)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    try_at = models.DateTimeField(_("next try"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("answers to a gateway")
        verbose_name_plural = _("answers to gateways")
        ordering = ("consumer",)
        constraints = (
            models.CheckConstraint(
                name="a_feed_goes_on",
                condition=Q(upto=0) | Q(upto__gt=F("seq")),
            ),
        )

    def __str__(self) -> str:
        return str(self.consumer)
