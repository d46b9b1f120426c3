"""Orders to stop or restrict. They lie over the stages and are seen by every decision at once."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Trim
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
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
    ordered_at = models.DateTimeField(_("ordered at"))
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

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ("-ordered_at", "-id")
        triggers = (
            *guarded(
                "governance.order",
                immutable=(
                    "kind", "target_type", "target_id", "target_key", "reason", "is_drill",
                    "ordered_by_id", "ordered_at",
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
