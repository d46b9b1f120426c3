"""The ledger's tables, and the two bases that every governed row stands on."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models.functions import Now

from registry.core.ledger.guards import Guard, append_only, guarded


class TransactionId(models.Field[Any, Any]):  # Any: PostgreSQL's xid8 has no Python type
    """PostgreSQL's own 64-bit transaction number; the database fills it in."""

    def db_type(self, connection: Any) -> str:  # Any: Django passes a wrapper
        """The column type."""
        return "xid8"


class CurrentTransaction(models.Func):
    """`pg_current_xact_id()`, the transaction that is writing."""

    function = "pg_current_xact_id"
    arity = 0


class Entry(models.Model):
    """One line of the ledger. The database numbers it, chains it and never changes it.

    hash = sha256 over prev and every other column, one line each, the body last
    (`entry_preimage` in rules.py and `mingce_entry_chain()` in SQL say it the same way).
    """

    seq = models.BigIntegerField(primary_key=True)
    uid = models.UUIDField(unique=True)
    xid = TransactionId(db_default=CurrentTransaction(), editable=False)
    act = models.UUIDField()
    kind = models.CharField(max_length=80)
    actor = models.UUIDField()
    subject_type = models.CharField(max_length=80)
    subject_id = models.UUIDField()
    row_version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, blank=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    body = models.TextField()
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = "ledger entry"
        verbose_name_plural = "ledger entries"
        ordering = ("seq",)
        indexes = (
            models.Index(fields=["subject_id", "row_version"], name="entry_by_subject"),
            models.Index(fields=["kind", "seq"], name="entry_by_kind"),
            models.Index(fields=["actor", "seq"], name="entry_by_actor"),
        )
        constraints = (
            models.CheckConstraint(
                name="entry_kind_is_dotted_words",
                condition=models.Q(kind__regex=r"^[a-z_]+(\.[a-z_]+)+$"),
            ),
            models.CheckConstraint(
                name="entry_subject_type_is_a_label",
                condition=models.Q(subject_type__regex=r"^[a-z]+\.[a-z]+$"),
            ),
        )
        triggers = (
            Guard(
                name="chained",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                runs="mingce_entry_chain()",
            ),
            Guard(
                name="has_row",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                runs="mingce_entry_has_row()",
            ),
            *append_only(),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class Governed(models.Model):
    """A row whose every change has a ledger entry of the same transaction."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    row_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    # Fields whose entries hold a salted digest instead of the value (erasure requests).
    personal_fields: ClassVar[tuple[str, ...]] = ()
    # Fields that are computed from others and stay out of the entries.
    derived_fields: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True


class WarrantUse(models.Model):
    """A ledger entry was spent, once, to permit one change of one row version."""

    entry = models.OneToOneField(
        Entry, to_field="uid", on_delete=models.PROTECT, related_name="use", primary_key=True
    )
    purpose = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=80)
    subject_id = models.UUIDField()
    row_version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = "use of a warrant"
        verbose_name_plural = "uses of warrants"
        indexes = (models.Index(fields=["subject_id", "row_version"], name="warrant_by_subject"),)
        triggers = (
            *append_only(),
            Guard(
                name="warrant_matches",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                runs="mingce_warrant_matches()",
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.subject_id}"


__all__ = ["Entry", "Governed", "WarrantUse", "append_only", "guarded"]
