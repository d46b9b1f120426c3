"""Packages of reviews, the reviews in them, and which rungs of the ladder have come."""

from __future__ import annotations

import uuid
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.reviews.rules import Trigger
from governance.suspensions.models import DrillReport
from registry.core.ledger.guards import Guard, append_only, follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import LegalEntity, User
from registry.core.policy.models import PackRelease
from registry.core.transitions import Transitions
from registry.evidence.models import Document
from registry.releases.models import ExplainabilityLevel, Release

PACKAGE_STATES = Transitions.table("state", "open", {"open": ["closed"]})
REVIEW_STATES = Transitions.table(
    "state",
    "planned",
    {
        "planned": ["submitted", "cancelled", "recorded"],
        "submitted": ["signed_off", "planned", "cancelled"],
    },
)
PENDING = ("planned", "submitted")


class Method(models.TextChoices):
    """How the model is explained (R10)."""

    INTRINSIC = "intrinsic", _("intrinsic")
    SHAP = "shap", "SHAP"
    PERMUTATION = "permutation", _("permutation importance")
    COUNTERFACTUAL = "counterfactual", _("counterfactuals")
    RULES = "rules", _("rule extraction")
    SURROGATE = "surrogate", _("surrogate model")
    OTHER = "other", _("other")


def share(label: Any) -> models.DecimalField[Any, Any]:  # Any: a lazy text; Django's field
    """A share from 0 to 1 with three decimals, empty where it was not measured."""
    return models.DecimalField(label, max_digits=4, decimal_places=3, null=True, blank=True)


class TriggerChoice(models.TextChoices):
    """What called for the review."""

    CALENDAR = Trigger.CALENDAR.value, _("calendar")
    CHANGE = Trigger.CHANGE.value, _("major change")
    BREACH = Trigger.BREACH.value, _("threshold breached")
    INCIDENT = Trigger.INCIDENT.value, _("incident")
    STOP_ORDERED = Trigger.STOP_ORDERED.value, _("emergency stop")
    TIER_RAISED = Trigger.TIER_RAISED.value, _("tier raised")
    GRADE_STALE = Trigger.GRADE_STALE.value, _("inputs of the grade changed")
    PACK_CHANGED = Trigger.PACK_CHANGED.value, _("policy changed")
    OWNER_CHANGED = Trigger.OWNER_CHANGED.value, _("owner changed or left")
    EXPLAINABILITY_CHANGED = (
        Trigger.EXPLAINABILITY_CHANGED.value, _("explainability level changed"),
    )  # fmt: skip
    NEW_FEATURES = Trigger.NEW_FEATURES.value, _("new features")
    NEW_VERSION = Trigger.NEW_VERSION.value, _("new release")
    DATA_CHANGED = Trigger.DATA_CHANGED.value, _("data source changed")
    VENDOR_CHANGED = Trigger.VENDOR_CHANGED.value, _("vendor, version or ownership changed")
    COMPLAINT = Trigger.COMPLAINT.value, _("complaints")
    ATTACK = Trigger.ATTACK.value, _("new attack or tool permission")
    FILED_FIELD_CHANGED = Trigger.FILED_FIELD_CHANGED.value, _("filed field changed")
    REGULATOR_REQUEST = Trigger.REGULATOR_REQUEST.value, _("request of the RMC or a regulator")
    CAMPAIGN = Trigger.CAMPAIGN.value, _("attestation campaign")


class OpenState(models.TextChoices):
    """Whether something still waits in it."""

    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


class Package(Governed):
    """复核任务包: the reviews of one release (or of the institution) that are done together.

    place: the tier when it was planned, or `institution`; planned_on: rungs of the ladder from
    before that day never come; held_until: effects of being overdue wait until after it, once.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="review_packages"
    )
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    place = models.CharField(_("tier"), max_length=12)
    due_on = models.DateField(_("due on"))
    planned_on = models.DateField(_("planned on"))
    state = models.CharField(
        _("state"),
        max_length=6,
        choices=OpenState,
        default="open",
    )
    assignee = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    held_until = models.DateField(_("effects deferred until"), null=True, blank=True)
    held_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("deferred by"),
    )  # fmt: skip
    held_reason = models.TextField(_("reason of the deferral"), blank=True)

    class Meta:
        verbose_name = _("review package")
        verbose_name_plural = _("review packages")
        ordering = ("due_on", "id")
        triggers = (
            *guarded("governance.package", immutable=("code", "release_id", "entity_id")),
            follows(PACKAGE_STATES),
        )
        constraints = (
            models.UniqueConstraint(
                name="a_release_has_one_open_package_a_day",
                fields=["release", "due_on"],
                condition=Q(state="open", release__isnull=False),
            ),
            models.CheckConstraint(
                name="a_deferral_says_by_whom_and_why",
                condition=Q(held_until__isnull=True, held_by__isnull=True)
                | (Q(held_until__isnull=False, held_by__isnull=False) & ~Q(held_reason="")),
            ),
        )
        indexes = (
            models.Index(
                fields=["place", "due_on"], name="open_packages_by_day", condition=Q(state="open")
            ),
            models.Index(fields=["release", "state"], name="package_by_release"),
            models.Index(fields=["due_on", "id"], name="package_by_age"),
        )

    def __str__(self) -> str:
        return self.code


class Campaign(Governed):
    """台账确认: everybody who owns a model confirms its row, or corrects it, until a day.

    Its rows are reviews of one kind, called for together; what is not confirmed when it is closed
    becomes a finding.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(_("kind of review"), max_length=10)
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    due_on = models.DateField(_("due on"))
    opened_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("opened by")
    )
    state = models.CharField(
        _("state"),
        max_length=6,
        choices=OpenState,
        default="open",
    )
    closed_on = models.DateField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("attestation campaign")
        verbose_name_plural = _("attestation campaigns")
        ordering = ("-due_on", "id")
        triggers = (
            *guarded(
                "governance.campaign", immutable=("code", "kind", "entity_id", "opened_by_id")
            ),
            follows(PACKAGE_STATES),
        )
        constraints = (
            models.UniqueConstraint(
                name="one_campaign_at_a_time",
                fields=["entity", "kind"],
                condition=Q(state="open"),
            ),
            models.CheckConstraint(
                name="a_closed_campaign_has_a_day",
                condition=Q(state="open", closed_on=None)
                | Q(state="closed", closed_on__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.title


class Review(Governed):
    """检查: one kind of review of one release (or of the institution), from plan to sign-off.

    `pack` is the policy under which it was planned; the checklist is answered by key;
    drill_report: of the drill that it looked at, where its kind looks at one.
    """

    package = models.ForeignKey(Package, models.PROTECT, related_name="reviews")
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="reviews"
    )
    kind = models.CharField(_("kind of review"), max_length=10)
    trigger = models.CharField(
        _("trigger"), max_length=24, choices=TriggerChoice, default=TriggerChoice.CALENDAR
    )
    trigger_reason = models.TextField(_("why it was called for"), blank=True)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, null=True, blank=True, related_name="reviews",
        verbose_name=_("attestation campaign"),
    )  # fmt: skip
    pack = models.ForeignKey(PackRelease, models.PROTECT, related_name="+")
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[
            ("planned", _("planned")), ("submitted", _("submitted")),
            ("signed_off", _("signed off")), ("recorded", _("recorded from before")),
            ("cancelled", _("no longer needed")),
        ],
        default="planned",
    )  # fmt: skip
    checklist = models.JSONField(_("checklist"), default=dict, blank=True)
    summary = models.TextField(_("summary"), blank=True)
    outcome = models.CharField(_("outcome"), max_length=64, blank=True)
    submitted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("carried out by"),
    )  # fmt: skip
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    drill_report = models.ForeignKey(
        DrillReport, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("drill report"),
    )  # fmt: skip
    returned_note = models.TextField(_("why it was returned"), blank=True)
    signed_off_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("signed off by"),
    )  # fmt: skip
    done_on = models.DateField(_("done on"), null=True, blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ("kind", "id")
        triggers = (
            *guarded("governance.review", immutable=("release_id", "kind", "trigger")),
            follows(REVIEW_STATES),
            Guard.deferred("review_is_lawful", "mingce_review_is_lawful()"),
        )
        constraints = (
            models.UniqueConstraint(
                name="a_kind_waits_once_per_release",
                fields=["release", "kind"],
                condition=Q(state__in=PENDING, release__isnull=False),
            ),
            models.UniqueConstraint(
                name="a_kind_waits_once_for_the_institution",
                fields=["kind"],
                condition=Q(state__in=PENDING, release__isnull=True),
            ),
            models.CheckConstraint(
                name="a_review_is_signed_by_another_than_who_did_it",
                condition=Q(signed_off_by__isnull=True) | ~Q(signed_off_by=F("submitted_by")),
            ),
            models.CheckConstraint(
                name="a_submitted_review_says_who_and_what",
                condition=~Q(state__in=["submitted", "signed_off"])
                | (
                    Q(submitted_by__isnull=False, submitted_at__isnull=False)
                    & ~Q(outcome="")
                    & ~Q(summary="")
                ),
            ),
            models.CheckConstraint(
                name="a_finished_review_has_a_day",
                condition=~Q(state__in=["signed_off", "recorded"])
                | Q(done_on__isnull=False, signed_off_by__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=["package", "state"], name="review_by_package"),
            models.Index(
                fields=["campaign", "state"],
                name="review_by_campaign",
                condition=Q(campaign__isnull=False),
            ),
            models.Index(fields=["release", "kind", "-done_on"], name="review_by_kind"),
            models.Index(
                fields=["kind", "state"], name="pending_reviews", condition=Q(state__in=PENDING)
            ),
        )

    def __str__(self) -> str:
        return self.kind


class Explanation(Governed):
    """可解释性审查 (R10): what an explainability review found, and the level that follows from it.

    importances: [feature, share of the whole], the most important first, as the file told them;
    stability, fidelity, reason_code_agreement: 0 to 1, empty where they were not measured.
    """

    review = models.OneToOneField(Review, models.PROTECT, related_name="explanation")
    method = models.CharField(_("method"), max_length=20, choices=Method)
    scope = models.TextField(_("scope"))
    local_results = models.TextField(_("local results"))
    tool = models.CharField(_("tool"), max_length=80, blank=True)
    importances = models.JSONField(_("importances"), default=list, blank=True)
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("explanation data"),
    )  # fmt: skip
    stability = share(_("stability"))
    fidelity = share(_("fidelity"))
    reason_code_agreement = share(_("agreement of reason codes"))
    customer_test = models.TextField(_("customer-language test"))
    limits = models.TextField(_("limits"))
    level = models.CharField(_("explainability level"), max_length=2, choices=ExplainabilityLevel)
    decision = models.TextField(_("decision"))

    class Meta:
        verbose_name = _("explanation")
        verbose_name_plural = _("explanations")
        ordering = ("review", "id")
        triggers = (
            *guarded("governance.explanation", immutable=("review_id",)),
            Guard(
                name="explanation_is_open",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                runs="mingce_explanation_is_open()",
            ),
        )
        constraints = tuple(
            models.CheckConstraint(
                name=f"{name}_is_a_share",
                condition=Q(**{f"{name}__isnull": True})
                | Q(**{f"{name}__gte": 0, f"{name}__lte": 1}),
            )
            for name in ("stability", "fidelity", "reason_code_agreement")
        )

    def __str__(self) -> str:
        return self.level


class Reminder(models.Model):
    """A rung that has come for a package: once for each date it is counted from.

    Operational and append-only; its effects stand in the ledger. for_on: the due date, or the last
    day of a deferral for the effects that it held.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    package = models.ForeignKey(Package, models.PROTECT, related_name="reminders")
    rung = models.CharField(_("rung"), max_length=64)
    for_on = models.DateField(_("counted from"))
    came_on = models.DateField(_("came on"))
    sent_at = models.DateTimeField(_("sent at"))
    told = models.PositiveSmallIntegerField(_("people told"))

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ("-sent_at", "-id")
        triggers = append_only()
        constraints = (
            models.UniqueConstraint(name="a_rung_comes_once", fields=["package", "rung", "for_on"]),
        )

    def __str__(self) -> str:
        return self.rung
