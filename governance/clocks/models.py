"""Running and completed legal clocks, and the warnings that they have given."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import append_only, follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import LegalEntity, User
from registry.core.policy.models import PackRelease
from registry.core.transitions import Transitions
from registry.evidence.models import Document
from registry.releases.models import Release

CLOCK_STATES = Transitions.table("state", "running", {"running": ["completed", "withdrawn"]})


class Clock(Governed):
    """法定时限: something that the law wants by a moment. There is no pause.

    event_at: when what started it happened, or for a report beforehand when it will; due_at: the
    last moment in time; receipt: number or name of what shows that it was done.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    kind = models.CharField(_("legal clock"), max_length=64)
    pack = models.ForeignKey(PackRelease, models.PROTECT, related_name="+")
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="clocks"
    )
    reason = models.TextField(_("what happened"))
    event_at = models.DateTimeField(_("event"))
    started_at = models.DateTimeField(_("started at"))
    started_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("started by")
    )
    due_at = models.DateTimeField(_("due at"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[
            ("running", _("running")), ("completed", _("completed")),
            ("withdrawn", _("withdrawn")),
        ],
        default="running",
    )  # fmt: skip
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ended by")
    )
    receipt = models.CharField(_("receipt"), max_length=200, blank=True)
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("document of the receipt"),
    )  # fmt: skip
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("legal clock")
        verbose_name_plural = _("legal clocks")
        ordering = ("due_at", "id")
        triggers = (
            *guarded(
                "governance.clock",
                immutable=(
                    "code", "kind", "pack_id", "entity_id", "release_id", "event_at",
                    "started_at", "started_by_id",
                ),
            ),
            follows(CLOCK_STATES),
        )  # fmt: skip
        constraints = (
            models.UniqueConstraint(
                name="an_event_starts_a_clock_once",
                fields=["kind", "release", "event_at"],
                condition=Q(release__isnull=False),
            ),
            models.UniqueConstraint(
                name="an_event_starts_an_entitys_clock_once",
                fields=["kind", "entity", "event_at"],
                condition=Q(release__isnull=True),
            ),
            models.CheckConstraint(
                name="a_completed_clock_has_a_receipt",
                condition=~Q(state="completed")
                | (Q(completed_at__isnull=False, ended_by__isnull=False) & ~Q(receipt="")),
            ),
            models.CheckConstraint(
                name="a_clock_is_withdrawn_by_another_and_why",
                condition=~Q(state="withdrawn")
                | (Q(ended_by__isnull=False) & ~Q(ended_by=F("started_by")) & ~Q(note="")),
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], name="running_clocks", condition=Q(state="running")),
            models.Index(fields=["release", "state"], name="clock_by_release"),
        )

    def __str__(self) -> str:
        return self.code

    @property
    def begins_at(self) -> dt.datetime:
        """From when its time is counted: from the event, or if that lies ahead from the start."""
        return min(self.event_at, self.started_at)

    @property
    def was_late(self) -> bool:
        """Whether it was completed after its moment."""
        return self.completed_at is not None and self.completed_at > self.due_at


class ClockWarning(models.Model):
    """A mark of a clock that has come: once. Operational and append-only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    clock = models.ForeignKey(Clock, models.PROTECT, related_name="warnings")
    mark = models.CharField(_("mark"), max_length=20)
    due_at = models.DateTimeField(_("counted to"))
    sent_at = models.DateTimeField(_("sent at"))
    told = models.PositiveSmallIntegerField(_("people told"))

    class Meta:
        verbose_name = _("warning of a clock")
        verbose_name_plural = _("warnings of clocks")
        ordering = ("-sent_at", "-id")
        triggers = append_only()
        constraints = (
            models.UniqueConstraint(name="a_mark_comes_once", fields=["clock", "mark", "due_at"]),
        )

    def __str__(self) -> str:
        return self.mark
