"""REST: gates, promotions, requests for approval, exemptions and waivers of a release."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.approvals.api import ApprovalRow
from governance.findings import services as findings
from governance.findings.api import WaiverRow
from governance.lifecycle import queries, services
from governance.lifecycle.models import Exemption
from registry.catalogue import queries as catalogue
from registry.catalogue.api import ModelRow
from registry.catalogue.models import AIModel
from registry.core.errors import DomainError
from registry.core.ledger.services import refusals_recorded
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, visible_users
from registry.core.people.rules import Capability
from registry.core.web.concurrency import expected_version
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door, ListDoor, present
from registry.releases import queries as releases
from registry.releases.api import ReleaseRow
from registry.releases.models import Release, Stage


class GateRow(serializers.Serializer[Any]):
    """What stands between a release and a stage."""

    to = serializers.CharField()
    open = serializers.BooleanField()
    missing = serializers.ListField(child=serializers.CharField())
    stopped_by = serializers.ListField(child=serializers.UUIDField())
    blocked_by = serializers.ListField(child=serializers.DictField())
    requirements = serializers.ListField(child=serializers.DictField())


class NewPromotion(serializers.Serializer[Any]):
    """Move the release into a stage; backwards with a reason."""

    to = ChoiceField(choices=Stage.choices)
    reason = serializers.CharField(required=False, default="", allow_blank=True)


class NewWaiver(serializers.Serializer[Any]):
    """Ask for a waiver of a requirement, for at most 90 days."""

    requirement = serializers.CharField(max_length=60)
    reason = serializers.CharField()
    compensating_measures = serializers.CharField()
    expires_on = serializers.DateField()


class NewExemption(serializers.Serializer[Any]):
    """“Not applicable”, or “met by the alternative”."""

    requirement = serializers.CharField(max_length=60)
    kind = ChoiceField(choices=["not_applicable", "alternative"])
    reason = serializers.CharField()


class ExemptionRow(serializers.ModelSerializer[Exemption]):
    """An exemption and its answer."""

    class Meta:
        model = Exemption
        fields = (
            "id", "release", "requirement", "kind", "reason", "asked_by", "asked_at", "state",
            "answered_by", "row_version",
        )  # fmt: skip


class ExemptionAnswer(serializers.Serializer[Any]):
    """Confirm, saying what was checked and why it suffices, or refuse."""

    confirm = serializers.BooleanField()
    reason = serializers.CharField(required=False, default="", allow_blank=True)


class LifecycleDoor(Door):
    """The verbs of a release."""

    queryset = Release.objects.none()
    row = ReleaseRow
    needs_if_match = ()
    replayable = ("promotions", "approvals", "waivers", "exemptions")
    capabilities: ClassVar[dict[str, Capability]] = {
        "gates": Capability.READ,
        "promotions": Capability.PROMOTE,
        "approvals": Capability.REQUEST_APPROVAL,
        "waivers": Capability.REGISTER,
        "exemptions": Capability.REGISTER,
    }

    def visible(self) -> QuerySet[Release]:
        """The releases that the caller may see."""
        return releases.whole(releases.visible_to(self.request.user))

    @extend_schema(
        parameters=[OpenApiParameter("to", OpenApiTypes.STR, required=True, enum=Stage.values)],
        responses=GateRow,
    )
    def gates(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Why can't it go there? The same list that a refusal carries."""
        to = request.query_params.get("to", "")
        if to not in Stage.values or to == Stage.S0:
            raise DomainError(
                "unknown_stage",
                _("Ask for one of S1 to S5, or S8."),
                field="to",
                status=400,
            )
        release = get_or_refuse(self.get_queryset(), pk)
        return Response(queries.present(queries.gate_of(release, to)))

    @extend_schema(request=NewPromotion, responses={201: ReleaseRow})
    def promotions(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The release is in the stage. With If-Match only if it is as the caller saw it."""
        told = NewPromotion(data=request.data)
        told.is_valid(raise_exception=True)
        release = get_or_refuse(self.get_queryset(), pk)
        seen = expected_version(request) if request.headers.get("If-Match") else None

        def create() -> Response:
            row = services.promote(
                actor=request.user,
                release_id=release.pk,
                expected_version=seen,
                **told.validated_data,
            )
            return present(row, ReleaseRow, 201)

        return once(request, create)

    @extend_schema(request=None, responses={201: ApprovalRow})
    def approvals(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The papers are locked; voting begins."""
        release = get_or_refuse(self.get_queryset(), pk)
        return once(
            request,
            lambda: present(
                services.request_approval(actor=request.user, release_id=release.pk),
                ApprovalRow,
                201,
            ),
        )

    @extend_schema(request=NewWaiver, responses={201: WaiverRow})
    def waivers(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """A waiver is asked for."""
        told = NewWaiver(data=request.data)
        told.is_valid(raise_exception=True)
        release = get_or_refuse(self.get_queryset(), pk)
        if not services.requirement(told.validated_data["requirement"]).waivable:
            raise DomainError(
                "not_waivable", _("This requirement is never waived."), field="requirement"
            )

        def create() -> Response:
            row = findings.ask_waiver(
                actor=request.user, release_id=release.pk, **told.validated_data
            )
            return present(row, WaiverRow, 201)

        return once(request, create)

    @extend_schema(request=NewExemption, responses={201: ExemptionRow})
    def exemptions(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """An exemption is asked for."""
        told = NewExemption(data=request.data)
        told.is_valid(raise_exception=True)
        release = get_or_refuse(self.get_queryset(), pk)

        def create() -> Response:
            row = services.ask_exemption(
                actor=request.user, release_id=release.pk, **told.validated_data
            )
            return present(row, ExemptionRow, 201)

        return once(request, create)


class HandOver(serializers.Serializer[Any]):
    """Who owns the model from now on, and why."""

    owner = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True))
    reason = serializers.CharField(max_length=500)


class AccountabilityDoor(Door):
    """Who answers for a model."""

    queryset = AIModel.objects.none()
    row = ModelRow
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"handovers": Capability.REGISTER}

    def visible(self) -> QuerySet[AIModel]:
        """The models that the caller may see."""
        return catalogue.visible_to(self.request.user)

    @extend_schema(request=HandOver, responses={201: ModelRow})
    def handovers(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The model has another owner."""
        told = HandOver(data=request.data)
        told.is_valid(raise_exception=True)
        model = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, model):
            row = services.hand_over(actor=request.user, model_id=model.pk, **told.validated_data)
        return present(row, ModelRow, 201)


class TasksHandOver(serializers.Serializer[Any]):
    """Who takes over what somebody leaves behind."""

    to = serializers.PrimaryKeyRelatedField(queryset=User.objects.all())
    reason = serializers.CharField(max_length=500)


class HandedOverRow(serializers.Serializer[Any]):
    """What has gone over, by code, and what has not, with why."""

    models = serializers.ListField(child=serializers.CharField())
    packages = serializers.ListField(child=serializers.CharField())
    refused = serializers.ListField(child=serializers.CharField())


class LeaverDoor(Door):
    """What somebody leaves behind."""

    queryset = User.objects.none()
    row = HandedOverRow
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"handovers": Capability.REGISTER}

    def visible(self) -> QuerySet[User]:
        """The people that the caller may see."""
        return visible_users(self.request.user)

    @extend_schema(request=TasksHandOver, responses={201: HandedOverRow})
    def handovers(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Models, their conditions and assigned reviews go to the other person."""
        told = TasksHandOver(data=request.data)
        told.is_valid(raise_exception=True)
        leaver = get_or_refuse(self.get_queryset(), pk)
        done = services.hand_over_tasks(actor=request.user, leaver=leaver, **told.validated_data)
        return Response(HandedOverRow(done).data, status=201)


class ExemptionDoor(ListDoor):
    """Exemptions and their answers."""

    queryset = Exemption.objects.all()
    row = ExemptionRow
    orderings: ClassVar[dict[str, str]] = {"asked_at": "asked_at"}
    default_ordering = "-asked_at"
    filterset_fields = ("release", "requirement", "state")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "answers": Capability.CONFIRM_REQUIREMENT,
    }

    def visible(self) -> QuerySet[Exemption]:
        """The exemptions that the caller may see."""
        return queries.visible_exemptions(self.request.user)

    @extend_schema(request=ExemptionAnswer, responses={201: ExemptionRow})
    def answers(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The exemption is confirmed or refused by another person."""
        told = ExemptionAnswer(data=request.data)
        told.is_valid(raise_exception=True)
        exemption = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, exemption):
            row = services.answer_exemption(
                actor=request.user, exemption_id=exemption.pk, **told.validated_data
            )
        return present(row, ExemptionRow, 201)
