"""Approvals: locked papers, ordered steps, a frozen ballot, votes that are never changed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import Guard, follows, guarded, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import StepUpUse, User
from registry.core.transitions import Transitions
from registry.releases.models import Release


class ApprovalState(models.TextChoices):
    """An approval is open until it is decided, voided by a material change, or has expired."""

    OPEN = "open", _("open")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    DEFERRED = "deferred", _("deferred, returned for supplement")
    VOID = "void", _("void after a material change")
    WITHDRAWN = "withdrawn", _("withdrawn")


APPROVAL_STATES = Transitions.table(
    "state", "open", {"open": ["approved", "rejected", "deferred", "void", "withdrawn"]}
)


class StepState(models.TextChoices):
    """Steps are decided in their order."""

    WAITING = "waiting", _("waiting")
    OPEN = "open", _("open")
    PASSED = "passed", _("passed")
    FAILED = "failed", _("failed")
    CLOSED = "closed", _("closed")


STEP_STATES = Transitions.table(
    "state", "waiting", {"waiting": ["open", "closed"], "open": ["passed", "failed", "closed"]}
)


class Choice(models.TextChoices):
    """表决: what a member can say."""

    APPROVE = "approve", _("approve")
    WITH_CONDITIONS = "approve_with_conditions", _("approve with conditions")
    REJECT = "reject", _("reject")
    ABSTAIN = "abstain", _("abstain")
    RECUSE = "recuse", _("recuse myself")
    DEFER = "defer", _("defer, return for supplement")


class Approval(Governed):
    """One request to approve a release, under a route copied from the policy of that day."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    release = models.ForeignKey(Release, models.PROTECT, related_name="approvals")
    tier = models.CharField(_("tier"), max_length=3)
    route = models.JSONField(_("route"))
    dossier = models.JSONField(_("papers"))
    dossier_digest = models.CharField(_("digest of the papers"), max_length=64)
    material_digest = models.CharField(max_length=64)
    state = models.CharField(
        _("state"), max_length=10, choices=ApprovalState, default=ApprovalState.OPEN
    )
    requested_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    requested_at = models.DateTimeField(_("requested at"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    outcome_reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ("-requested_at", "-id")
        triggers = (
            *guarded(
                "governance.approval",
                immutable=(
                    "code", "release_id", "route", "dossier", "dossier_digest",
                    "material_digest", "requested_by_id",
                ),
            ),
            follows(APPROVAL_STATES),
        )  # fmt: skip
        constraints = (
            models.UniqueConstraint(
                name="a_release_has_one_open_approval",
                fields=["release"],
                condition=Q(state="open"),
            ),
        )

    def __str__(self) -> str:
        return self.code


class Step(Governed):
    """One step: a committee's vote, or the signatures of roles."""

    approval = models.ForeignKey(Approval, models.PROTECT, related_name="steps")
    order = models.PositiveSmallIntegerField(_("order"))
    body_code = models.CharField(_("body"), max_length=40)
    policy = models.JSONField(_("policy"))
    state = models.CharField(_("state"), max_length=8, choices=StepState, default=StepState.WAITING)
    result = models.JSONField(_("result"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ("approval", "order")
        triggers = (
            *guarded("governance.step", immutable=("approval_id", "order", "body_code", "policy")),
            follows(STEP_STATES),
        )
        constraints = (
            models.UniqueConstraint(name="steps_are_ordered", fields=["approval", "order"]),
        )

    def __str__(self) -> str:
        return f"{self.order} {self.body_code}"


class BallotSeat(Governed):
    """表决席位: frozen when the papers were locked. Any one of `eligible` may use the seat."""

    step = models.ForeignKey(Step, models.PROTECT, related_name="seats")
    name = models.CharField(_("seat"), max_length=60)
    line = models.CharField(_("line of defence"), max_length=1)
    holder = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("holder")
    )
    eligible = ArrayField(models.UUIDField(), default=list)
    barred_reason = models.CharField(_("barred because"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("ballot seat")
        verbose_name_plural = _("ballot seats")
        ordering = ("step", "name", "id")
        triggers = recorded("governance.ballotseat")

    def __str__(self) -> str:
        return self.name


class Vote(Governed):
    """表决票: one per seat, bound to the papers' digest, with a spent step-up proof."""

    seat = models.OneToOneField(BallotSeat, models.PROTECT, related_name="vote")
    step = models.ForeignKey(Step, models.PROTECT, related_name="votes")
    voter = models.ForeignKey(User, models.PROTECT, related_name="votes", verbose_name=_("voter"))
    on_behalf_of = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("on behalf of"),
    )  # fmt: skip
    choice = models.CharField(_("vote"), max_length=25, choices=Choice)
    reason = models.TextField(_("reason"), blank=True)
    conditions = models.JSONField(_("conditions"), default=list, blank=True)
    dossier_digest = models.CharField(max_length=64)
    step_up = models.OneToOneField(StepUpUse, models.PROTECT)
    cast_at = models.DateTimeField(_("cast at"))

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        ordering = ("cast_at", "id")
        triggers = (
            *recorded("governance.vote"),
            Guard.before_insert("vote_is_lawful", "mingce_vote_is_lawful()"),
        )
        constraints = (
            models.UniqueConstraint(name="a_person_votes_once_per_step", fields=["step", "voter"]),
            models.CheckConstraint(
                name="all_but_a_plain_approval_gives_a_reason",
                condition=Q(choice__in=["approve", "abstain"]) | ~Q(reason=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.voter_id} {self.choice}"


class Condition(Governed):
    """A condition of an approval: a dated task with an owner."""

    approval = models.ForeignKey(Approval, models.PROTECT, related_name="conditions")
    text = models.TextField(_("condition"))
    owner = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("owner"))
    due_on = models.DateField(_("due on"))
    met_at = models.DateTimeField(_("met at"), null=True, blank=True)
    met_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    met_note = models.TextField(_("how it was met"), blank=True)

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        ordering = ("due_on", "id")
        triggers = guarded("governance.condition", immutable=("approval_id", "text"))
        constraints = (
            models.CheckConstraint(
                name="a_condition_is_confirmed_by_another_than_its_owner",
                condition=Q(met_by__isnull=True) | ~Q(met_by=models.F("owner")),
            ),
        )

    def __str__(self) -> str:
        return self.text[:60]
