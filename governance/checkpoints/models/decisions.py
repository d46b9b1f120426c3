"""Decisions of models at run time: inserted and read, in partitions, sealed by Merkle roots.

Their tables are made by SQL (the migration), since Django knows no partitions.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.checkpoints.rules.answering import Answer
from registry.core.ledger.guards import append_only, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import User

ANSWERS = [
    (Answer.PROCEED.value, _("proceed")), (Answer.HOLD.value, _("hold")),
    (Answer.RESTRICTED.value, _("restricted")), (Answer.STOP.value, _("stop")),
]  # fmt: skip


class Batch(models.Model):
    """What a gateway posted at once, under one Merkle root; a single decision is a batch of one."""

    id = models.BigIntegerField(primary_key=True)
    gateway = models.ForeignKey(User, models.PROTECT, related_name="+")
    received_at = models.DateTimeField(_("received at"))
    size = models.PositiveIntegerField(_("decisions"))
    root = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("batch of decisions")
        verbose_name_plural = _("batches of decisions")
        ordering = ("-id",)
        triggers = append_only()

    def __str__(self) -> str:
        return str(self.pk)


class Decision(models.Model):
    """One decision as it was told and answered. `body` is the exact text that the root covers.

    The table has its `output` besides, which the database reads out of the text: to be counted.
    """

    pk = models.CompositePrimaryKey("received_at", "batch_id", "position")
    received_at = models.DateTimeField(_("received at"))
    batch = models.ForeignKey(Batch, models.DO_NOTHING, related_name="+", db_constraint=False)
    position = models.PositiveIntegerField()
    release_id = models.UUIDField()
    plan_id = models.UUIDField()
    answer = models.CharField(_("answer"), max_length=10, choices=ANSWERS)
    fired = models.CharField(_("checkpoints"), max_length=400, blank=True)
    body = models.TextField()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.batch_id}-{self.position}"


class DecisionKey(models.Model):
    """That a gateway's reference is told once: who told it, what, and where it lies."""

    pk = models.CompositePrimaryKey("gateway_id", "reference")
    gateway = models.ForeignKey(User, models.DO_NOTHING, related_name="+", db_constraint=False)
    reference = models.CharField(max_length=160)
    digest = models.CharField(max_length=64)
    batch_id = models.BigIntegerField()
    position = models.PositiveIntegerField()
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reference of a decision")
        verbose_name_plural = _("references of decisions")
        triggers = append_only()

    def __str__(self) -> str:
        return self.reference


class Seal(Governed):
    """封存: every batch from `first_batch` to `last_batch` lies under this root in the ledger."""

    first_batch = models.BigIntegerField(_("from batch"))
    last_batch = models.BigIntegerField(_("to batch"), unique=True)
    batches = models.PositiveIntegerField(_("batches"))
    decisions = models.PositiveBigIntegerField(_("decisions"))
    root = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(_("sealed at"))

    class Meta:
        verbose_name = _("seal of decisions")
        verbose_name_plural = _("seals of decisions")
        ordering = ("-last_batch",)
        triggers = recorded("governance.seal")
        constraints = (
            models.CheckConstraint(
                name="a_seal_covers_batches",
                condition=models.Q(first_batch__lte=models.F("last_batch"), batches__gt=0),
            ),
        )

    def __str__(self) -> str:
        return f"{self.first_batch}–{self.last_batch}"
