"""Answers to creates, kept so that a repeated request is answered again and not done again."""

from __future__ import annotations

from django.db import models


class IdempotencyRecord(models.Model):
    """The answer given to a create with this key; operational, swept after a week."""

    user_id = models.UUIDField()
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True)
    etag = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "idempotency record"
        verbose_name_plural = "idempotency records"
        constraints = (
            models.UniqueConstraint(
                name="an_idempotency_key_is_used_once_per_user", fields=["user_id", "key"]
            ),
        )
        indexes = (models.Index(fields=["created_at"], name="idempotency_by_age"),)

    def __str__(self) -> str:
        return self.key
