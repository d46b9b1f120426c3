"""Documents: content-addressed files that stand as evidence for something governed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import User


class Document(Governed):
    """One file, known by its sha256, handed in as evidence of a kind for a subject.

    Nothing is ever replaced: a newer document supersedes an older one, and both stay. An attested
    document says in words what its person vouches for (a gate fact without a slice of its own).
    """

    kind = models.CharField(_("kind"), max_length=60)
    title = models.CharField(_("title"), max_length=300)
    subject_type = models.CharField(max_length=80)
    subject_id = models.UUIDField()
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.BigIntegerField(_("size in bytes"))
    media_type = models.CharField(_("media type"), max_length=100)
    file_name = models.CharField(_("file name"), max_length=255)
    statement = models.TextField(_("attestation"), blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    handed_in_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("handed in by"))
    handed_in_at = models.DateTimeField(_("handed in at"))

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ("-handed_in_at", "-id")
        triggers = recorded("registry.document")
        indexes = (
            models.Index(fields=["subject_id", "kind"], name="document_by_subject"),
            models.Index(fields=["sha256"], name="document_by_digest"),
        )
        constraints = (
            models.CheckConstraint(
                name="a_document_has_a_sha256", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")
            ),
            models.CheckConstraint(name="a_document_is_not_empty", condition=Q(size_bytes__gt=0)),
        )

    def __str__(self) -> str:
        return self.title
