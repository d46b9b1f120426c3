"""Grades as given: the facts, the result and its explanation, never changed afterwards."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.catalogue.models import Tier
from registry.core.ledger.guards import Guard, guarded, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.core.policy.models import PackRelease
from registry.usecases.models import ModelUse


class Grade(Governed):
    """One grading of a model use under one pack release, with everything that went into it.

    `is_provisional`: a fact or factor is not yet assessed, or a second person must confirm.
    """

    model_use = models.ForeignKey(ModelUse, models.PROTECT, related_name="grades")
    number = models.PositiveIntegerField(_("number"))
    pack = models.ForeignKey(PackRelease, models.PROTECT)
    profile = models.CharField(_("profile"), max_length=40)
    vector = models.JSONField(_("classification"))
    facts = models.JSONField(_("facts"))
    factors = models.JSONField(_("factors"))
    reasons = models.JSONField(_("reasons for departures"), default=dict)
    input_digest = models.CharField(max_length=64)
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=2)
    tier_by_score = models.CharField(_("tier by score"), max_length=3, choices=Tier)
    tier = models.CharField(_("tier"), max_length=3, choices=Tier)
    result = models.JSONField(_("explanation"))
    is_near_threshold = models.BooleanField(_("near a threshold"))
    is_provisional = models.BooleanField(_("provisional"))
    graded_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("graded by"))
    graded_at = models.DateTimeField(_("graded at"))

    class Meta:
        verbose_name = _("grade")
        verbose_name_plural = _("grades")
        ordering = ("-number",)
        triggers = recorded("registry.grade")
        constraints = (
            models.UniqueConstraint(
                name="grades_of_a_use_are_numbered", fields=["model_use", "number"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.tier} ({self.score})"


class GradeConfirmation(Governed):
    """A second person of the second line has confirmed the grade (HG-01)."""

    grade = models.OneToOneField(Grade, models.PROTECT, related_name="confirmation")
    confirmed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("confirmed by"))
    reason = models.CharField(_("reason"), max_length=1000, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed at"))

    class Meta:
        verbose_name = _("confirmation of a grade")
        verbose_name_plural = _("confirmations of grades")
        triggers = (
            *recorded("registry.gradeconfirmation"),
            Guard.before_insert("second_person", "mingce_second_person_confirms()"),
        )

    def __str__(self) -> str:
        return str(self.grade_id)


class TierOverride(Governed):
    """The second line set another tier than the computed one, with a reason; lowering expires."""

    model_use = models.ForeignKey(ModelUse, models.PROTECT, related_name="overrides")
    from_tier = models.CharField(_("from tier"), max_length=3, choices=Tier)
    to_tier = models.CharField(_("to tier"), max_length=3, choices=Tier)
    reason = models.TextField(_("reason"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided at"))
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("override of a tier")
        verbose_name_plural = _("overrides of tiers")
        ordering = ("-decided_at", "-id")
        triggers = guarded(
            "registry.tieroverride",
            immutable=("model_use_id", "from_tier", "to_tier", "reason", "decided_by_id"),
        )
        constraints = (
            models.UniqueConstraint(
                name="one_override_of_a_tier_is_in_force",
                fields=["model_use"],
                condition=models.Q(ended_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.from_tier} → {self.to_tier}"
