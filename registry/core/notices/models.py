"""The inbox: what a person is told."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.core.people.models import User


class Delivery(models.Model):
    """A person's digest of a day by a channel outside the inbox: at most one a day.

    It is claimed before it is sent: whoever dies in between leaves it claimed, and it is sent again
    under the same message id. Operational: what it tells lies in the inbox.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    channel = models.CharField(_("channel"), max_length=20, default="email")
    day = models.DateField(_("day"))
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=[("claimed", _("being sent")), ("sent", _("sent")), ("failed", _("failed"))],
        default="claimed",
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    try_at = models.DateTimeField(_("next try"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-day", "-id")
        constraints = (
            models.UniqueConstraint(
                name="one_digest_a_day_and_channel", fields=["user", "channel", "day"]
            ),
        )
        indexes = (
            models.Index(
                fields=["try_at"], name="deliveries_to_try", condition=models.Q(state="claimed")
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.day}"


class Notice(models.Model):
    """One line in somebody's inbox. Operational: its cause stands in the ledger."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=60)
    text_zh = models.CharField(max_length=500)
    text_en = models.CharField(max_length=500)
    link = models.CharField(max_length=300, blank=True)
    once_key = models.CharField(max_length=200)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, null=True, blank=True, related_name="notices"
    )

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-sent_at", "-id")
        constraints = (
            models.UniqueConstraint(name="a_person_is_told_once", fields=["user", "once_key"]),
        )
        indexes = (
            models.Index(
                fields=["user", "-sent_at"],
                name="unread_by_user",
                condition=models.Q(read_at__isnull=True),
            ),
            models.Index(
                fields=["user", "sent_at"],
                name="notices_to_deliver",
                condition=models.Q(read_at__isnull=True, delivery__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.text_zh
