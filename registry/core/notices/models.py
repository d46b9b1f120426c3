"""The inbox: what a person is told."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.core.people.models import User


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
        )

    def __str__(self) -> str:
        return self.text_zh
