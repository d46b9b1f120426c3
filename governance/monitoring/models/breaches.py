"""Breaches: beyond a limit, or silent, until somebody has dealt with it."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.monitoring.models.metrics import Level, Metric, Threshold
from registry.core.ledger.guards import Guard, follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.core.policy.models import PackRelease
from registry.core.transitions import Transitions
from registry.releases.models import Release

BREACH_STATES = Transitions.table(
    "state", "open", {"open": ["taken_up", "closed"], "taken_up": ["closed"]}
)


class BreachKind(models.TextChoices):
    """Beyond a limit, or nothing told at all."""

    LIMIT = "limit", _("beyond a limit")
    SILENT = "silent", _("no value came")


class Outcome(models.TextChoices):
    """What became of a breach."""

    MENDED = "mended", _("mended")
    TUNED = "tuned", _("limits or model tuned")
    FALSE_ALARM = "false_alarm", _("a false alarm")
    ACCEPTED = "accepted", _("accepted for a time")
    BY_ITSELF = "by_itself", _("over by itself")


class Breach(Governed):
    """突破/告警: a metric lies beyond its limits, or is silent, until somebody has dealt with it.

    level: the gravest it has reached; effects: what has followed by itself; due_at: until when
    people act (RI-06); recovered_at: since when values lie within the limits again;
    accepted_until: no new one until then.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    metric = models.ForeignKey(Metric, models.PROTECT, related_name="breaches")
    release = models.ForeignKey(Release, models.PROTECT, related_name="+")
    segment = models.CharField(_("segment"), max_length=100, blank=True)
    kind = models.CharField(_("kind"), max_length=6, choices=BreachKind)
    level = models.CharField(_("level"), max_length=8, choices=Level)
    threshold = models.ForeignKey(
        Threshold, models.PROTECT, null=True, blank=True, related_name="+"
    )
    pack = models.ForeignKey(PackRelease, models.PROTECT, related_name="+")
    effects = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    value = models.FloatField(_("value"), null=True, blank=True)
    at = models.DateTimeField(_("observed at"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    due_at = models.DateTimeField(_("due"))
    recovered_at = models.DateTimeField(_("recovered at"), null=True, blank=True)
    state = models.CharField(
        _("state"), max_length=8,
        choices=[("open", _("open")), ("taken_up", _("taken up")), ("closed", _("closed"))],
        default="open",
    )  # fmt: skip
    taken_up_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("taken up by")
    )
    plan = models.TextField(_("what is done about it"), blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True)
    note = models.TextField(_("note"), blank=True)
    accepted_until = models.DateField(_("accepted until"), null=True, blank=True)
    late_told_at = models.DateTimeField(_("told as late at"), null=True, blank=True)

    class Meta:
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        ordering = ("-opened_at", "-id")
        triggers = (
            *guarded(
                "governance.breach",
                immutable=("code", "metric_id", "release_id", "segment", "kind", "opened_at"),
            ),
            follows(BREACH_STATES),
            Guard(
                name="breach_is_lawful",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                runs="mingce_breach_is_lawful()",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="one_open_breach_a_segment", fields=["metric", "segment", "kind"],
                condition=~Q(state="closed"),
            ),
            models.CheckConstraint(
                name="a_closed_breach_says_how",
                condition=~Q(state="closed") | (~Q(outcome="") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="what_is_accepted_ends",
                condition=~Q(outcome="accepted") | Q(accepted_until__isnull=False),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=["release", "state"], name="breach_by_release"),
            models.Index(
                fields=["due_at"], name="breaches_due", condition=~Q(state="closed")
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.code
