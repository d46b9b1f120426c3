"""Findings, and dated exceptions from requirements."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from governance.findings.rules import title_in
from registry.core.ledger.guards import follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.core.transitions import Transitions
from registry.releases.models import Release

FINDING_STATES = Transitions.table(
    "state", "open", {"open": ["planned", "closed"], "planned": ["closed"], "closed": ["open"]}
)


# The states in words; the column's own choices are older than these.
STATE_LABELS = {"open": _("open"), "planned": _("planned"), "closed": _("closed")}


class Severity(models.TextChoices):
    """How grave a finding is."""

    CRITICAL = "critical", _("critical")
    HIGH = "high", _("high")
    MEDIUM = "medium", _("medium")
    LOW = "low", _("low")


class Finding(Governed):
    """整改/问题: something to mend, by somebody, until a day."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="findings")
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)
    title = models.CharField(_("title"), max_length=200)
    detail = models.TextField(_("detail"), blank=True)
    raised_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("raised by")
    )
    raised_at = models.DateTimeField(_("raised at"))
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=[("open", _("open")), ("planned", _("plan dated")), ("closed", _("closed"))],
        default="open",
    )
    plan = models.TextField(_("plan"), blank=True)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    closed_note = models.TextField(_("how it was mended"), blank=True)

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ("-raised_at", "-id")
        triggers = (
            *guarded("governance.finding", immutable=("release_id", "raised_by_id", "raised_at")),
            follows(FINDING_STATES),
        )
        indexes = (models.Index(fields=["release", "state"], name="finding_by_release"),)
        constraints = (
            models.CheckConstraint(
                name="a_plan_has_a_date",
                condition=~Q(state="planned") | (Q(due_on__isnull=False) & ~Q(plan="")),
            ),
        )

    def __str__(self) -> str:
        return self.title_shown

    @property
    def title_shown(self) -> str:
        """The title in the language of the page."""
        chinese = (get_language() or "").startswith("zh")
        return title_in(self.title, chinese=chinese)

    @property
    def state_label(self) -> str:
        """How far it is, in words."""
        return str(STATE_LABELS[self.state])


class Waiver(Governed):
    """例外审批: a requirement need not be met until a day, at most 90 days ahead (HG-11)."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="waivers")
    requirement = models.CharField(_("requirement"), max_length=60)
    reason = models.TextField(_("reason"))
    compensating_measures = models.TextField(_("compensating measures"))
    requested_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    requested_at = models.DateTimeField(_("requested at"))
    granted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("granted by")
    )
    expires_on = models.DateField(_("expires on"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[("requested", _("requested")), ("granted", _("granted")),
                 ("refused", _("refused")), ("revoked", _("revoked"))],
        default="requested",
    )  # fmt: skip

    class Meta:
        verbose_name = _("waiver")
        verbose_name_plural = _("waivers")
        ordering = ("-requested_at", "-id")
        triggers = (
            *guarded(
                "governance.waiver",
                immutable=("release_id", "requirement", "reason", "requested_by_id", "expires_on"),
            ),
            follows(
                Transitions.table(
                    "state",
                    "requested",
                    {"requested": ["granted", "refused"], "granted": ["revoked"]},
                )
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="a_waiver_is_granted_by_another_than_its_requester",
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=F("requested_by")),
            ),
        )
        indexes = (models.Index(fields=["release", "requirement"], name="waiver_by_release"),)

    def __str__(self) -> str:
        return self.requirement
