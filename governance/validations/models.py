"""Validations: plan, independence, tests, conclusion, the owner's response, sign-off."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import Guard, follows, guarded, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.core.transitions import Transitions
from registry.releases.models import ExplainabilityLevel, Release


class ValidationState(models.TextChoices):
    """A validation's way from its plan to the sign-off."""

    PLANNED = "planned", _("planned")
    CONCLUDED = "concluded", _("concluded")
    ANSWERED = "answered", _("answered by the owner")
    SIGNED_OFF = "signed_off", _("signed off")
    ABANDONED = "abandoned", _("abandoned")


VALIDATION_STATES = Transitions.table(
    "state",
    "planned",
    {
        "planned": ["concluded", "abandoned"],
        "concluded": ["answered", "abandoned"],
        "answered": ["signed_off", "planned", "abandoned"],
    },
)


class Conclusion(models.TextChoices):
    """What the validator concludes."""

    SATISFACTORY = "satisfactory", _("satisfactory")
    WITH_LIMITATIONS = "with_limitations", _("satisfactory with limitations")
    UNSATISFACTORY = "unsatisfactory", _("unsatisfactory")


class Validation(Governed):
    """One independent validation of a release by one validator (HG-04)."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    release = models.ForeignKey(Release, models.PROTECT, related_name="validations")
    validator = models.ForeignKey(
        User, models.PROTECT, related_name="validations", verbose_name=_("validator")
    )
    plan = models.TextField(_("plan"))
    scope = models.TextField(_("scope"))
    independence = models.TextField(_("declaration of independence"))
    state = models.CharField(
        _("state"), max_length=10, choices=ValidationState, default=ValidationState.PLANNED
    )
    conclusion = models.CharField(_("conclusion"), max_length=20, choices=Conclusion, blank=True)
    explainability_level = models.CharField(
        _("explainability level"), max_length=2, choices=ExplainabilityLevel, blank=True
    )
    summary = models.TextField(_("summary"), blank=True)
    limitations = models.TextField(_("limitations"), blank=True)
    owner_response = models.TextField(_("the owner's response"), blank=True)
    started_at = models.DateTimeField(_("started at"))
    concluded_at = models.DateTimeField(_("concluded at"), null=True, blank=True)
    signed_off_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("signed off by"),
    )  # fmt: skip
    signed_off_at = models.DateTimeField(_("signed off at"), null=True, blank=True)
    abandoned_reason = models.TextField(_("why it was abandoned"), blank=True)

    class Meta:
        verbose_name = _("validation")
        verbose_name_plural = _("validations")
        ordering = ("-started_at", "-id")
        triggers = (
            *guarded("governance.validation", immutable=("code", "release_id", "validator_id")),
            follows(VALIDATION_STATES),
            Guard.before_insert("validator_is_independent", "mingce_validator_is_independent()"),
        )
        constraints = (
            models.UniqueConstraint(
                name="a_release_has_one_validation_in_progress",
                fields=["release"],
                condition=~Q(state__in=["signed_off", "abandoned"]),
            ),
            models.CheckConstraint(
                name="a_validation_is_signed_off_by_another_than_its_validator",
                condition=Q(signed_off_by__isnull=True) | ~Q(signed_off_by=F("validator")),
            ),
            models.CheckConstraint(
                name="a_concluded_validation_has_a_conclusion_and_a_level",
                condition=Q(state__in=["planned", "abandoned"])
                | (~Q(conclusion="") & ~Q(explainability_level="") & ~Q(summary="")),
            ),
        )

    def __str__(self) -> str:
        return self.code


class TestOutcome(models.TextChoices):
    """How a test came out."""

    __test__ = False
    PASSED = "passed", _("passed")
    PASSED_WITH_LIMITS = "passed_with_limits", _("passed with limits")
    FAILED = "failed", _("failed")


class ValidationTest(Governed):
    """One test with its measure, threshold and outcome."""

    validation = models.ForeignKey(Validation, models.PROTECT, related_name="tests")
    kind = models.CharField(_("kind"), max_length=40)
    name = models.CharField(_("test"), max_length=200)
    measure = models.CharField(_("measure"), max_length=200)
    threshold = models.CharField(_("threshold"), max_length=200, blank=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=TestOutcome)
    comment = models.TextField(_("comment"), blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("validation test")
        verbose_name_plural = _("validation tests")
        ordering = ("recorded_at", "id")
        triggers = recorded("governance.validationtest")

    def __str__(self) -> str:
        return self.name
