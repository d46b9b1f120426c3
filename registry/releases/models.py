"""Releases: a version for a use, with its stage; and where it has been deployed."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.catalogue.models import ModelVersion
from registry.core.ledger.guards import Guard, follows, guarded, recorded, warranted
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.core.transitions import Transitions
from registry.usecases.models import ModelUse


class Stage(models.TextChoices):
    """生命周期阶段 (regulations II.3.1). S6 is a badge and S7 a record, never stages."""

    S0 = "S0", _("S0 inception")
    S1 = "S1", _("S1 development")
    S2 = "S2", _("S2 validation")
    S3 = "S3", _("S3 approval")
    S4 = "S4", _("S4 pilot")
    S5 = "S5", _("S5 production")
    S8 = "S8", _("S8 retired")


STAGES = Transitions.table(
    "stage",
    "S0",
    {
        "S0": ["S1", "S8"],
        "S1": ["S2", "S8"],
        "S2": ["S3", "S1", "S8"],
        "S3": ["S4", "S1", "S2", "S8"],
        "S4": ["S5", "S1", "S3", "S8"],
        "S5": ["S3", "S8"],
    },
)
ORDER = ("S0", "S1", "S2", "S3", "S4", "S5", "S8")


class ExplainabilityLevel(models.TextChoices):
    """可解释等级 (dimension D10)."""

    E1 = "E1", _("E1 intrinsic")
    E2 = "E2", _("E2 post-hoc, validated")
    E3 = "E3", _("E3 limited")
    E4 = "E4", _("E4 insufficient")


class Release(Governed):
    """A version of a model for one use. Before a version exists it is empty (S0).

    `stage` moves only with a warrant, written by staging.py alone. `approved_digest` is the
    material digest that was approved; a gate compares it with the present one.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    model_use = models.ForeignKey(ModelUse, models.PROTECT, related_name="releases")
    version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="releases"
    )
    version_is_fixed = models.BooleanField(_("version fixed"), default=False)
    stage = models.CharField(_("stage"), max_length=2, choices=Stage, default=Stage.S0)
    stage_since = models.DateTimeField(_("in this stage since"))
    validation_conclusion = models.CharField(_("validation"), max_length=40, blank=True)
    explainability_level = models.CharField(
        _("explainability level"), max_length=2, choices=ExplainabilityLevel, blank=True
    )
    approved_digest = models.CharField(max_length=64, blank=True)
    approved_until = models.DateField(_("approved until"), null=True, blank=True)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering = ("-stage_since", "-id")
        triggers = (
            *guarded("registry.release", immutable=("code", "model_use_id")),
            follows(STAGES),
            Guard(
                name="version_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                runs="mingce_version_stays()",
            ),
            warranted("stage", by=("lifecycle.move_granted",), born_empty=False),
            warranted(
                "approved_digest",
                "approved_until",
                by=("approval.granted", "approval.grant_ended"),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="a_version_is_released_once_per_use", fields=["model_use", "version"]
            ),
            models.CheckConstraint(
                name="beyond_inception_a_release_has_a_version",
                condition=Q(version__isnull=False) | Q(stage__in=["S0", "S1", "S8"]),
            ),
        )
        indexes = (
            models.Index(fields=["stage", "-stage_since", "-id"], name="release_by_stage"),
            models.Index(fields=["-stage_since", "-id"], name="release_by_age"),
        )

    def __str__(self) -> str:
        return self.code


class Environment(models.TextChoices):
    """Where something can be deployed."""

    DEVELOPMENT = "development", _("development")
    TEST = "test", _("test")
    PILOT = "pilot", _("pilot")
    PRODUCTION = "production", _("production")


class DeploymentRole(models.TextChoices):
    """What the deployed version does there; `off` reports that it was taken down."""

    CHAMPION = "champion", _("champion")
    CHALLENGER = "challenger", _("challenger")
    CANARY = "canary", _("canary")
    SHADOW = "shadow", _("shadow, answers nobody")
    OFF = "off", _("taken down")


class Deployment(Governed):
    """A report of a deployment: which digest runs where, from when, with what share of traffic.

    follows, from_digest: what ran there before, as the register knew and as the pipeline told it;
    permit: the key of the deployment permit that was used, which governance looks at; reference:
    the reporter's own, by which a report that is sent twice is recorded once.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="deployments")
    environment = models.CharField(_("environment"), max_length=12, choices=Environment)
    digest = models.CharField(_("digest"), max_length=64)
    endpoint = models.CharField(_("endpoint"), max_length=300, blank=True)
    traffic_percent = models.PositiveSmallIntegerField(_("traffic in percent"), default=100)
    role = models.CharField(
        _("kind of traffic"), max_length=10, choices=DeploymentRole,
        default=DeploymentRole.CHAMPION,
    )  # fmt: skip
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("deployment before"),
    )  # fmt: skip
    from_digest = models.CharField(_("digest before"), max_length=64, blank=True)
    permit = models.UUIDField(_("deployment permit"), null=True, blank=True)
    reference = models.CharField(_("build reference"), max_length=200, blank=True)
    deployed_at = models.DateTimeField(_("deployed at"))
    reported_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        ordering = ("-deployed_at", "-id")
        triggers = recorded("registry.deployment")
        constraints = (
            models.CheckConstraint(
                name="a_deployment_has_a_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
            models.CheckConstraint(
                name="traffic_is_0_to_100_percent", condition=Q(traffic_percent__lte=100)
            ),
            models.CheckConstraint(
                name="what_is_off_has_no_traffic",
                condition=~Q(role=DeploymentRole.OFF) | Q(traffic_percent=0),
            ),
            models.CheckConstraint(
                name="a_digest_before_is_a_sha256",
                condition=Q(from_digest="") | Q(from_digest__regex=r"^[0-9a-f]{64}$"),
            ),
            models.UniqueConstraint(
                name="a_reference_is_reported_once",
                fields=["reported_by", "reference"],
                condition=~Q(reference=""),
            ),
        )
        indexes = (
            models.Index(
                fields=["release", "environment", "-deployed_at"], name="deployment_by_release"
            ),
            models.Index(
                fields=["-deployed_at", "-id"],
                name="deployment_in_production",
                condition=Q(environment=Environment.PRODUCTION),
            ),
        )

    def __str__(self) -> str:
        return f"{self.environment} {self.digest[:12]}"
