"""REST: approvals, votes, conditions; and decisions on grades."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.approvals import queries, services
from governance.approvals.models import Approval, BallotSeat, Choice, Condition, Step, Vote
from governance.approvals.services import Ballot
from registry.classification.models import GradeConfirmation, TierOverride
from registry.classification.queries import visible_grades
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse, require_scope
from registry.core.people.rules import Capability
from registry.core.policy.api import PackRow
from registry.core.policy.models import PackRelease
from registry.core.policy.queries import visible_to as visible_packs
from registry.core.web.fields import ChoiceField, DigestField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door, ListDoor, present
from registry.usecases.queries import visible_uses


class ApprovalRow(serializers.ModelSerializer[Approval]):
    """An approval."""

    release_code = serializers.CharField(source="release.code", read_only=True)

    class Meta:
        model = Approval
        fields = (
            "id", "code", "release", "release_code", "tier", "dossier_digest", "state",
            "requested_by", "requested_at", "decided_at", "valid_until", "outcome_reason",
            "row_version",
        )  # fmt: skip


class SeatRow(serializers.ModelSerializer[BallotSeat]):
    """A seat of the ballot, with its vote."""

    choice = serializers.CharField(source="vote.choice", default="")
    voter = serializers.UUIDField(source="vote.voter_id", default=None, allow_null=True)

    class Meta:
        model = BallotSeat
        fields = ("id", "name", "line", "holder", "barred_reason", "choice", "voter")
        ref_name = "BallotSeatRow"


class StepRow(serializers.ModelSerializer[Step]):
    """A step with its ballot."""

    seats = SeatRow(many=True)

    class Meta:
        model = Step
        fields = ("id", "order", "body_code", "policy", "state", "result", "decided_at", "seats")


class ApprovalDetail(ApprovalRow):
    """An approval with its papers and steps."""

    dossier = serializers.DictField()
    route = serializers.DictField()
    steps = StepRow(many=True)

    class Meta(ApprovalRow.Meta):
        fields = (*ApprovalRow.Meta.fields, "dossier", "route", "steps")  # type: ignore[assignment]  # more fields


class NewVote(serializers.Serializer[Any]):
    """A vote on the locked papers."""

    choice = ChoiceField(choices=Choice.choices)
    dossier_digest = DigestField()
    step_up = serializers.UUIDField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(required=False, default="", allow_blank=True)
    conditions = serializers.ListField(
        child=serializers.DictField(), required=False, default=list, max_length=20
    )


class VoteRow(serializers.ModelSerializer[Vote]):
    """A vote, as it stands for ever."""

    class Meta:
        model = Vote
        fields = (
            "id", "seat", "step", "voter", "on_behalf_of", "choice", "reason", "conditions",
            "dossier_digest", "cast_at", "row_version",
        )  # fmt: skip


class Withdrawal(serializers.Serializer[Any]):
    """Why the request is taken back."""

    reason = serializers.CharField(max_length=500)


class ApprovalDoor(ListDoor):
    """审批. An approval is requested at /releases/{id}/approvals/."""

    queryset = Approval.objects.all()
    row = ApprovalRow
    orderings: ClassVar[dict[str, str]] = {"requested_at": "requested_at"}
    default_ordering = "-requested_at"
    filterset_fields = ("code", "release", "state", "tier")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "votes": Capability.READ,
        "closings": Capability.MANAGE_APPROVAL,
        "withdrawals": Capability.REQUEST_APPROVAL,
    }

    def visible(self) -> QuerySet[Approval]:
        """The approvals that the caller may see or has to decide."""
        return queries.visible_to(self.request.user)

    @extend_schema(responses=ApprovalDetail)
    def retrieve(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The papers, the steps and the ballots."""
        rows = self.get_queryset().select_related("release")
        approval = get_or_refuse(rows.prefetch_related("steps__seats__vote"), pk)
        return present(approval, ApprovalDetail, 200)

    @extend_schema(request=NewVote, responses={201: VoteRow})
    def votes(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The caller's vote stands. Refused attempts against segregation are recorded."""
        require_scope(request.user, Capability.VOTE)
        told = NewVote(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        approval = get_or_refuse(self.get_queryset(), pk)
        ballot = Ballot(
            choice=data["choice"],
            dossier_digest=data["dossier_digest"],
            reason=data["reason"],
            conditions=tuple(data["conditions"]),
            step_up_id=data["step_up"],
        )
        with refusals_recorded(request.user, approval):
            vote = services.cast(actor=request.user, approval_id=approval.pk, ballot=ballot)
        return present(vote, VoteRow, 201)

    @extend_schema(request=None, responses={201: ApprovalRow})
    def closings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The secretary closes the vote of the open step."""
        approval = get_or_refuse(self.get_queryset(), pk)
        services.close_step(actor=request.user, approval_id=approval.pk)
        approval.refresh_from_db()
        return present(approval, ApprovalRow, 201)

    @extend_schema(request=Withdrawal, responses={201: ApprovalRow})
    def withdrawals(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The owner takes the request back."""
        told = Withdrawal(data=request.data)
        told.is_valid(raise_exception=True)
        approval = get_or_refuse(self.get_queryset(), pk)
        row = services.withdraw(actor=request.user, approval_id=approval.pk, **told.validated_data)
        return present(row, ApprovalRow, 201)


class ConditionRow(serializers.ModelSerializer[Condition]):
    """A condition of an approval."""

    class Meta:
        model = Condition
        fields = (
            "id", "approval", "text", "owner", "due_on", "met_at", "met_by", "met_note",
            "row_version",
        )  # fmt: skip


class Meeting(serializers.Serializer[Any]):
    """How the condition was met."""

    note = serializers.CharField()


class ConditionDoor(ListDoor):
    """Conditions as dated tasks."""

    queryset = Condition.objects.all()
    row = ConditionRow
    orderings: ClassVar[dict[str, str]] = {"due_on": "due_on"}
    default_ordering = "due_on"
    filterset_fields = ("approval", "owner")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "fulfilments": Capability.CONFIRM_REQUIREMENT,
    }

    def visible(self) -> QuerySet[Condition]:
        """The conditions of the approvals that the caller may see."""
        return queries.visible_conditions(self.request.user)

    @extend_schema(request=Meeting, responses={201: ConditionRow})
    def fulfilments(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The second line has confirmed that the condition is met."""
        told = Meeting(data=request.data)
        told.is_valid(raise_exception=True)
        condition = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, condition):
            row = services.meet_condition(
                actor=request.user, condition_id=condition.pk, **told.validated_data
            )
        return present(row, ConditionRow, 201)


class ConfirmationRow(serializers.ModelSerializer[GradeConfirmation]):
    """A confirmation of a grade."""

    class Meta:
        model = GradeConfirmation
        fields = ("id", "grade", "confirmed_by", "reason", "confirmed_at", "row_version")


class NewConfirmation(serializers.Serializer[Any]):
    """Confirm the grade; near a threshold with a reason."""

    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class GradeDecisionDoor(Door):
    """The second person's confirmation of a grade (HG-01)."""

    queryset = GradeConfirmation.objects.none()
    row = ConfirmationRow
    capabilities: ClassVar[dict[str, Capability]] = {"confirmations": Capability.CONFIRM_GRADE}

    def visible(self) -> QuerySet[Any]:  # Any: any model
        """The grades that the caller may see."""
        return visible_grades(self.request.user)

    @extend_schema(request=NewConfirmation, responses={201: ConfirmationRow})
    def confirmations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The grade is confirmed and in force."""
        told = NewConfirmation(data=request.data)
        told.is_valid(raise_exception=True)
        grade = get_or_refuse(visible_grades(request.user), pk)
        with refusals_recorded(request.user, grade):
            row = services.confirm_grade(
                actor=request.user, grade_id=grade.pk, **told.validated_data
            )
        return present(row, ConfirmationRow, 201)


class OverrideRow(serializers.ModelSerializer[TierOverride]):
    """An override of a tier."""

    class Meta:
        model = TierOverride
        fields = (
            "id", "model_use", "from_tier", "to_tier", "reason", "decided_by", "decided_at",
            "expires_on", "ended_at", "row_version",
        )  # fmt: skip


class NewOverride(serializers.Serializer[Any]):
    """Set another tier: up at will, down within the pack's limits."""

    to_tier = ChoiceField(choices=["I", "II", "III", "IV"])
    reason = serializers.CharField()
    expires_on = serializers.DateField(required=False, allow_null=True, default=None)


class OverrideDoor(Door):
    """The second line's overrides of a use's tier."""

    queryset = TierOverride.objects.none()
    row = OverrideRow
    replayable = ("overrides",)
    capabilities: ClassVar[dict[str, Capability]] = {"overrides": Capability.OVERRIDE_GRADE}

    def visible(self) -> QuerySet[Any]:  # Any: any model
        """The uses that the caller may see."""
        return visible_uses(self.request.user)

    @extend_schema(request=NewOverride, responses={201: OverrideRow})
    def overrides(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The tier is the one that was set."""
        told = NewOverride(data=request.data)
        told.is_valid(raise_exception=True)
        use = get_or_refuse(visible_uses(request.user), pk)

        def create() -> Response:
            row = services.override_tier(actor=request.user, use_id=use.pk, **told.validated_data)
            return present(row, OverrideRow, 201)

        with refusals_recorded(request.user, use):  # outside `once`, which rolls a refusal back
            return once(request, create)


class NewActivation(serializers.Serializer[Any]):
    """Sign that this release shall be in force, under a profile."""

    profile = ChoiceField(choices=["strict", "literal"])


class PackDecisionDoor(Door):
    """Putting a policy pack in force takes two signatures."""

    queryset = PackRelease.objects.none()
    row = PackRow
    capabilities: ClassVar[dict[str, Capability]] = {"activations": Capability.MANAGE_POLICY}

    def visible(self) -> QuerySet[PackRelease]:
        """The releases of packs."""
        return visible_packs(self.request.user)

    @extend_schema(request=NewActivation, responses={201: PackRow})
    def activations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The caller has signed; with the second signature the release is in force."""
        told = NewActivation(data=request.data)
        told.is_valid(raise_exception=True)
        pack = get_or_refuse(self.visible(), pk)
        with refusals_recorded(request.user, pack):
            row = services.sign_activation(
                actor=request.user, release_id=pack.pk, **told.validated_data
            )
        return present(row, PackRow, 201)
