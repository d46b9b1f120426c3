"""Orders to stop or restrict. They lie over the stages and are seen by every decision at once."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Trim
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import follows, guarded, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import LegalEntity, User
from registry.core.transitions import Transitions

ORDER_STATES = Transitions.table("state", "in_force", {"in_force": ["lifted"]})


class OrderKind(models.TextChoices):
    """What the order does."""

    STOP = "stop", _("emergency stop")
    RESTRICT = "restrict", _("restriction of use")


class TargetType(models.TextChoices):
    """What the order is about."""

    RELEASE = "release", _("release")
    VERSION = "version", _("model version")
    MODEL_USE = "model_use", _("use of a model")
    MODEL = "model", _("model")
    ENTITY = "entity", _("using entity, with all below it")
    VENDOR = "vendor", _("vendor")
    BASE_MODEL = "base_model", _("base model")


# What has no row: the texts that versions name in their manifests.
NAMED = (TargetType.VENDOR, TargetType.BASE_MODEL)


class Order(Governed):
    """An order, from the moment it was given until somebody else lifts it.

    target_id: the row that it is about; of a vendor or a base model target_key, its name instead.
    is_drill: 演练, which is an order like any other, and everything that shows it says so.
    is_false_alarm: 误停, lifted by two officers and ratified 追认 afterwards under a resolution.
    noticed_at: when the event behind it was noticed, from which the decision's time is measured.
    tier, *_minutes: the tier of what it reached and a stop's limits, as they were when it was
    given; null before orders kept them.
    """

    kind = models.CharField(_("order"), max_length=10, choices=OrderKind)
    target_type = models.CharField(_("about"), max_length=10, choices=TargetType)
    target_id = models.UUIDField(_("about"), null=True, blank=True)
    target_key = models.TextField(_("name"), blank=True)
    reason = models.TextField(_("reason"))
    limits = models.TextField(_("limits of use"), blank=True)
    given_by = models.CharField(_("given by telephone by"), max_length=150, blank=True)
    is_drill = models.BooleanField(_("drill"), default=False)
    ordered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("ordered by")
    )
    noticed_at = models.DateTimeField(_("noticed at"), null=True, blank=True)
    ordered_at = models.DateTimeField(_("ordered at"))
    tier = models.CharField(_("tier"), max_length=3, null=True, blank=True)
    decision_minutes = models.PositiveIntegerField(_("minutes to decide"), null=True, blank=True)
    effective_minutes = models.PositiveIntegerField(
        _("minutes to take effect"), null=True, blank=True
    )
    fallback_minutes = models.PositiveIntegerField(_("minutes to fall back"), null=True, blank=True)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[("in_force", _("in force")), ("lifted", _("lifted"))],
        default="in_force",
    )
    resume_asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("first officer for resuming"),
    )  # fmt: skip
    lifted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lifted by")
    )
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("second officer"),
    )  # fmt: skip
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lift_reason = models.TextField(_("reason for lifting"), blank=True)
    is_false_alarm = models.BooleanField(_("false alarm"), default=False)
    ratified_at = models.DateTimeField(_("ratified at"), null=True, blank=True)
    ratified_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("ratified by"),
    )  # fmt: skip
    ratified_under = models.CharField(_("resolution number"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ("-ordered_at", "-id")
        triggers = (
            *guarded(
                "governance.order",
                immutable=(
                    "kind", "target_type", "target_id", "target_key", "reason", "limits",
                    "given_by", "is_drill", "ordered_by_id", "ordered_at", "noticed_at", "tier",
                    "decision_minutes", "effective_minutes", "fallback_minutes",
                ),
            ),
            follows(ORDER_STATES),
        )  # fmt: skip
        constraints = (
            models.CheckConstraint(
                name="an_order_is_about_a_row_or_a_name",
                condition=Q(target_type__in=NAMED, target_id=None) & ~Q(target_key="")
                | ~Q(target_type__in=NAMED) & Q(target_id__isnull=False, target_key=""),
            ),
            models.CheckConstraint(
                name="an_order_is_given_after_its_event_was_noticed",
                condition=Q(noticed_at=None) | Q(noticed_at__lte=F("ordered_at")),
            ),
            models.CheckConstraint(
                name="an_order_is_lifted_by_others_than_its_giver",
                condition=Q(lifted_by__isnull=True)
                | (
                    ~Q(lifted_by=F("ordered_by"))
                    & (Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("ordered_by")))
                    & (Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("lifted_by")))
                ),
            ),
            models.CheckConstraint(
                name="a_stop_is_lifted_by_two",
                condition=~Q(kind="stop", state="lifted") | Q(confirmed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="resuming_is_asked_for_by_others_than_the_giver",
                condition=Q(resume_asked_by__isnull=True) | ~Q(resume_asked_by=F("ordered_by")),
            ),
            models.CheckConstraint(
                name="a_false_alarm_is_ratified_by_others_under_a_resolution",
                condition=Q(ratified_at=None, ratified_by=None, ratified_under="")
                | (
                    Q(ratified_at__isnull=False, ratified_by__isnull=False)
                    & Q(is_false_alarm=True, state="lifted")
                    & ~Q(ratified_under="")
                    & ~Q(ratified_by=F("lifted_by"))
                    & ~Q(ratified_by=F("confirmed_by"))
                ),
            ),
            models.CheckConstraint(
                name="a_lifted_order_says_who_when_and_why",
                condition=Q(state="in_force", lifted_by__isnull=True, lifted_at__isnull=True)
                | (
                    Q(state="lifted", lifted_by__isnull=False, lifted_at__isnull=False)
                    & ~Q(lift_reason="")
                ),
            ),
        )
        indexes = (
            models.Index(
                fields=["target_id"], name="orders_in_force", condition=Q(state="in_force")
            ),
            models.Index(
                Lower(Trim("target_key")),
                name="named_orders_in_force",
                condition=Q(state="in_force", target_id=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.target_type}"


class Consumer(Governed):
    """执行方: a machine account that enforces stops, for what is used in an entity and below.

    It fetches the stop list; with a webhook it is told at once. Address and secret are sealed with
    a key outside the database; the ledger knows their fingerprint.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    user = models.OneToOneField(
        User, models.PROTECT, related_name="+", verbose_name=_("machine account")
    )
    entity = models.ForeignKey(
        LegalEntity, models.PROTECT, related_name="+", verbose_name=_("legal entity")
    )
    host = models.CharField(_("host"), max_length=200, blank=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, blank=True)
    sealed = models.TextField(editable=False, blank=True)
    is_open = models.BooleanField(_("open"), default=True)
    opened_at = models.DateTimeField(_("opened at"))
    derived_fields: ClassVar[tuple[str, ...]] = ("sealed",)

    class Meta:
        verbose_name = _("enforcing system")
        verbose_name_plural = _("enforcing systems")
        ordering = ("name",)
        triggers = guarded("governance.consumer", immutable=("user_id", "entity_id"))

    def __str__(self) -> str:
        return self.name


class AcknowledgedAction(models.TextChoices):
    """What a consumer says that it has done."""

    APPLIED = "applied", _("applied")
    RESUMED = "resumed", _("resumed")
    FALLBACK = "fallback", _("fallback in place")


class Acknowledgement(Governed):
    """A consumer has applied the order, has its fallback in place, or resumed: once each.

    applied_at: when, as the consumer tells it; received_at: when it said so.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="acknowledgements")
    consumer = models.ForeignKey(
        Consumer, models.PROTECT, related_name="acknowledgements",
        verbose_name=_("enforcing system"),
    )  # fmt: skip
    action = models.CharField(_("action"), max_length=8, choices=AcknowledgedAction)
    applied_at = models.DateTimeField(_("done at"))
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("acknowledgement of an order")
        verbose_name_plural = _("acknowledgements of orders")
        ordering = ("-received_at", "-id")
        triggers = recorded("governance.acknowledgement")
        constraints = (
            models.UniqueConstraint(
                name="a_consumer_acknowledges_once", fields=["order", "consumer", "action"]
            ),
            models.CheckConstraint(
                name="nothing_is_acknowledged_beforehand",
                condition=Q(applied_at__lte=F("received_at")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.order_id}"


class Posting(models.Model):
    """An order, or its lifting, on its way to a consumer's webhook. Operational.

    It is claimed before it is sent: whoever dies in between leaves it claimed, and it is sent again
    under the same message id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    order = models.ForeignKey(Order, models.PROTECT, related_name="postings")
    consumer = models.ForeignKey(Consumer, models.PROTECT, related_name="postings")
    action = models.CharField(_("action"), max_length=8, choices=AcknowledgedAction)
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=[("claimed", _("being sent")), ("sent", _("sent")), ("failed", _("failed"))],
        default="claimed",
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claimed_at = models.DateTimeField(_("begun at"))
    try_at = models.DateTimeField(_("next try"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("message of an order")
        verbose_name_plural = _("messages of orders")
        ordering = ("-claimed_at", "-id")
        constraints = (
            models.UniqueConstraint(
                name="an_order_is_posted_once", fields=["order", "consumer", "action"]
            ),
        )
        indexes = (
            models.Index(
                fields=["consumer", "try_at"],
                name="postings_to_try",
                condition=Q(state="claimed"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.order_id}"


class DrillReport(Governed):
    """演练报告 (R12): what a drill has shown; written by one person, countersigned by another.

    rto_minutes: from the order to the last acknowledgement, where everybody has acknowledged;
    fallback_minutes: to the last one that the fallback was in place; decision_minutes: to the
    order, from when the event was noticed.
    """

    order = models.OneToOneField(
        Order, models.PROTECT, related_name="drill_report", verbose_name=_("order")
    )
    scenario = models.TextField(_("scenario"))
    participants = models.TextField(_("participants"))
    vendor_took_part = models.BooleanField(_("vendor took part"), default=False)
    rto_minutes = models.PositiveIntegerField(
        _("minutes until it was fully in effect"), null=True, blank=True
    )
    decision_minutes = models.PositiveIntegerField(
        _("minutes until it was decided"), null=True, blank=True
    )
    fallback_minutes = models.PositiveIntegerField(
        _("minutes until the fallback was in place"), null=True, blank=True
    )
    manual_capacity_hours = models.DecimalField(
        _("hours of peak volume handled by hand"), max_digits=6, decimal_places=1, null=True,
        blank=True,
    )  # fmt: skip
    findings = models.TextField(_("findings"), blank=True)
    actions = models.TextField(_("actions"), blank=True)
    written_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    written_at = models.DateTimeField(_("written at"))
    countersigned_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("countersigned by"),
    )  # fmt: skip
    countersigned_at = models.DateTimeField(_("countersigned at"), null=True, blank=True)

    class Meta:
        verbose_name = _("drill report")
        verbose_name_plural = _("drill reports")
        ordering = ("-written_at", "-id")
        triggers = guarded(
            "governance.drillreport",
            immutable=(
                "order_id", "scenario", "participants", "vendor_took_part", "rto_minutes",
                "decision_minutes", "fallback_minutes", "manual_capacity_hours", "findings",
                "actions", "written_by_id", "written_at",
            ),
        )  # fmt: skip
        constraints = (
            models.CheckConstraint(
                name="a_drill_report_is_countersigned_by_another",
                condition=Q(countersigned_by=None, countersigned_at=None)
                | (
                    Q(countersigned_by__isnull=False, countersigned_at__isnull=False)
                    & ~Q(countersigned_by=F("written_by"))
                ),
            ),
        )

    def __str__(self) -> str:
        return f"R12 {self.order_id}"
