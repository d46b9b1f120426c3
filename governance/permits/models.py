"""Permits, what was asked for an emergency, and what was deployed by it."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.approvals.models import Approval
from registry.catalogue.models import ModelVersion
from registry.core.ledger.guards import Guard, follows, guarded, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import StepUpUse, User
from registry.core.policy.models import PackRelease
from registry.core.transitions import Transitions
from registry.releases.models import Environment, Release
from registry.usecases.models import ModelUse

BREAK_GLASS_STATES = Transitions.table("state", "asked", {"asked": ["given", "refused"]})


class PermitKind(models.TextChoices):
    """For one version now, or beforehand for whatever an emergency needs."""

    NORMAL = "normal", _("deployment permit")
    BREAK_GLASS = "break_glass", _("break-glass permit")


class RevocationReason(models.TextChoices):
    """Why a permit holds no more before its end."""

    STOPPED = "stopped", _("emergency stop")
    RESTRICTED = "restricted", _("restriction of use")
    APPROVAL_ENDED = "approval_ended", _("the approval has ended or is another one")
    STAGE_LEFT = "stage_left", _("the release was moved back or retired")
    BY_HAND = "by_hand", _("revoked by a person")


class Permit(Governed):
    """部署许可: this digest may be deployed to this environment until then.

    release, version, digest: empty for a break-glass permit, which is about the use alone.
    pack, stage, least_stage, gate, approval, material_digest, restriction_revokes, mends: on what
    it was decided, copied; least_stage: what the release must not fall below. key_id: the key by
    which both envelopes are signed. accounted_at: since when every use of a break-glass permit is
    told.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=11, choices=PermitKind)
    model_use = models.ForeignKey(
        ModelUse, models.PROTECT, related_name="permits", verbose_name=_("use of a model")
    )
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="permits",
        verbose_name=_("release"),
    )  # fmt: skip
    version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("model version"),
    )  # fmt: skip
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    environment = models.CharField(_("environment"), max_length=12, choices=Environment)
    pack = models.ForeignKey(PackRelease, models.PROTECT, related_name="+")
    stage = models.CharField(_("stage"), max_length=2, blank=True)
    least_stage = models.CharField(max_length=2, blank=True)
    gate = models.CharField(_("gate"), max_length=2, blank=True)
    approval = models.ForeignKey(
        Approval, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("approval"),
    )  # fmt: skip
    material_digest = models.CharField(max_length=64, blank=True)
    restriction_revokes = models.BooleanField(default=False)
    mends = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    requested_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    reference = models.CharField(_("build reference"), max_length=300, blank=True)
    issued_at = models.DateTimeField(_("issued at"))
    expires_at = models.DateTimeField(_("expires at"))
    key_id = models.CharField(_("signing key"), max_length=64)
    envelope = models.JSONField(_("signed statement"))
    svr_envelope = models.JSONField(_("signed verification result"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("revoked by")
    )
    revoked_because = models.CharField(
        _("revoked because"), max_length=14, choices=RevocationReason, blank=True
    )
    revoked_reason = models.TextField(_("reason of the revocation"), blank=True)
    accounted_at = models.DateTimeField(_("accounted for at"), null=True, blank=True)

    class Meta:
        verbose_name = _("deployment permit")
        verbose_name_plural = _("deployment permits")
        ordering = ("-issued_at", "-id")
        triggers = (
            *guarded(
                "governance.permit",
                immutable=(
                    "code", "kind", "model_use_id", "release_id", "version_id", "digest",
                    "environment", "pack_id", "stage", "least_stage", "gate", "approval_id",
                    "material_digest", "restriction_revokes", "mends", "requested_by_id",
                    "reference", "issued_at", "expires_at", "key_id", "envelope", "svr_envelope",
                ),
            ),
            Guard(
                name="permit_is_true",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                runs="mingce_permit_is_true()",
            ),
            Guard.deferred("break_glass_is_given", "mingce_break_glass_is_given()"),
        )  # fmt: skip
        constraints = (
            models.CheckConstraint(
                name="a_permit_is_for_a_version_or_breaks_glass",
                condition=Q(
                    kind="normal", release__isnull=False, version__isnull=False,
                    svr_envelope__isnull=False, digest__regex=r"^[0-9a-f]{64}$",
                )
                | Q(
                    kind="break_glass", release=None, version=None, approval=None,
                    svr_envelope=None, digest="", material_digest="",
                ),
            ),
            models.CheckConstraint(
                name="a_permit_expires_after_it_is_issued",
                condition=Q(expires_at__gt=F("issued_at")),
            ),
            models.CheckConstraint(
                name="a_revoked_permit_says_when_by_whom_and_why",
                condition=Q(
                    revoked_at=None, revoked_by=None, revoked_because="", revoked_reason=""
                )
                | Q(revoked_at__gte=F("issued_at"), revoked_by__isnull=False)
                & ~Q(revoked_because="") & ~Q(revoked_reason=""),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=["release", "-issued_at"], name="permit_by_release"),
            models.Index(fields=["-issued_at", "-id"], name="permit_by_age"),
            models.Index(fields=["expires_at"], name="permit_by_end"),
        )

    def __str__(self) -> str:
        return self.code


class BreakGlass(Governed):
    """应急许可申请: model risk asks beforehand, another named person gives it or refuses.

    days: how long the permit lasts, from when it is given; step_up: the second person's proof for
    `subject`, the digest of what was asked.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    model_use = models.ForeignKey(
        ModelUse, models.PROTECT, related_name="break_glass", verbose_name=_("use of a model")
    )
    environment = models.CharField(_("environment"), max_length=12, choices=Environment)
    days = models.PositiveSmallIntegerField(_("valid for days"))
    reason = models.TextField(_("reason"))
    subject = models.CharField(_("digest"), max_length=64)
    asked_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    asked_at = models.DateTimeField(_("asked at"))
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=[("asked", _("asked for")), ("given", _("given")), ("refused", _("refused"))],
        default="asked",
    )
    answered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("answered by"),
    )  # fmt: skip
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    step_up = models.OneToOneField(StepUpUse, models.PROTECT, null=True, blank=True)
    permit = models.OneToOneField(
        Permit, models.PROTECT, null=True, blank=True, related_name="asked",
        verbose_name=_("break-glass permit"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("request for a break-glass permit")
        verbose_name_plural = _("requests for break-glass permits")
        ordering = ("-asked_at", "-id")
        triggers = (
            *guarded(
                "governance.breakglass",
                immutable=(
                    "code", "model_use_id", "environment", "days", "reason", "subject",
                    "asked_by_id", "asked_at",
                ),
            ),
            follows(BREAK_GLASS_STATES),
        )  # fmt: skip
        constraints = (
            models.CheckConstraint(
                name="break_glass_is_given_by_another_who_has_proved_it",
                condition=Q(state="asked", answered_by=None, permit=None, step_up=None)
                | Q(state="refused", answered_by__isnull=False, permit=None, step_up=None)
                & ~Q(answered_by=F("asked_by"))
                | Q(
                    state="given", answered_by__isnull=False, answered_at__isnull=False,
                    permit__isnull=False, step_up__isnull=False,
                )
                & ~Q(answered_by=F("asked_by")),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.code


class PermitUse(Governed):
    """使用报告: what was deployed by a break-glass permit, told afterwards.

    is_known: whether the digest is that of a version of the model; is_late: told after the policy's
    deadline.
    """

    permit = models.ForeignKey(
        Permit, models.PROTECT, related_name="uses", verbose_name=_("break-glass permit")
    )
    digest = models.CharField(_("digest"), max_length=64)
    deployed_at = models.DateTimeField(_("deployed at"))
    deployed_by = models.CharField(_("deployed by"), max_length=150)
    reason = models.TextField(_("reason"))
    incident = models.CharField(_("incident"), max_length=200)
    is_known = models.BooleanField(_("known version"))
    is_late = models.BooleanField(_("told late"))
    reported_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("reported by")
    )
    reported_at = models.DateTimeField(_("reported at"))

    class Meta:
        verbose_name = _("use of a break-glass permit")
        verbose_name_plural = _("uses of break-glass permits")
        ordering = ("-reported_at", "-id")
        triggers = recorded("governance.permituse")
        constraints = (
            models.UniqueConstraint(
                name="a_deployment_is_reported_once", fields=["permit", "digest", "deployed_at"]
            ),
            models.CheckConstraint(
                name="a_use_has_a_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
            models.CheckConstraint(
                name="no_use_is_reported_beforehand",
                condition=Q(deployed_at__lte=F("reported_at")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.permit_id} {self.digest[:12]}"
