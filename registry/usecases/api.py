"""REST: use cases, and the uses of models in them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.people.models import Department, LegalEntity, User
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.concurrency import expected_version
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.systems.models import System
from registry.usecases import queries, services
from registry.usecases.models import ModelUse, UseCase
from registry.usecases.services import NewUseCase

CARD = (
    "name_zh", "name_en", "process_node", "purpose", "prohibited_uses", "benefit",
    "affected_people",
)  # fmt: skip


class UseCaseRow(serializers.ModelSerializer[UseCase]):
    """A use case."""

    class Meta:
        model = UseCase
        fields = ("id", "code", *CARD, "system", "entity", "department", "owner", "row_version")


class UseCaseData(serializers.Serializer[Any]):
    """The use-case card."""

    name_zh = serializers.CharField(max_length=200)
    name_en = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    process_node = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True
    )
    purpose = serializers.CharField()
    prohibited_uses = serializers.CharField(required=False, default="", allow_blank=True)
    benefit = serializers.CharField(required=False, default="", allow_blank=True)
    affected_people = serializers.CharField(required=False, default="", allow_blank=True)
    system = serializers.PrimaryKeyRelatedField(
        queryset=System.objects.all(), required=False, allow_null=True, default=None
    )
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    department = serializers.PrimaryKeyRelatedField(
        queryset=Department.objects.all(), required=False, allow_null=True, default=None
    )
    owner = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True))


class UseCaseCorrection(serializers.Serializer[Any]):
    """更正: what is corrected on the card, and why."""

    name_zh = serializers.CharField(max_length=200, required=False)
    name_en = serializers.CharField(max_length=200, required=False, allow_blank=True)
    process_node = serializers.CharField(max_length=200, required=False, allow_blank=True)
    purpose = serializers.CharField(required=False)
    prohibited_uses = serializers.CharField(required=False, allow_blank=True)
    benefit = serializers.CharField(required=False, allow_blank=True)
    affected_people = serializers.CharField(required=False, allow_blank=True)
    reason = serializers.CharField(max_length=500)


class UseCaseDoor(ListDoor):
    """应用场景: nodes of business processes in which models are used."""

    queryset = UseCase.objects.all()
    row = UseCaseRow
    orderings: ClassVar[dict[str, str]] = {"code": "code"}
    default_ordering = "code"
    filterset_fields = ("code", "entity", "owner", "system")
    needs_if_match = ("partial_update",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.REGISTER,
        "partial_update": Capability.REGISTER,
    }

    def visible(self) -> QuerySet[UseCase]:
        """The use cases within the caller's reach."""
        return queries.visible_use_cases(self.request.user)

    @extend_schema(request=UseCaseData, responses={201: UseCaseRow})
    def create(self, request: CallerRequest) -> Response:
        """The use case is in the inventory."""
        told = UseCaseData(data=request.data)
        told.is_valid(raise_exception=True)
        card = NewUseCase(**told.validated_data)
        return once(
            request,
            lambda: present(services.open_use_case(actor=request.user, card=card), UseCaseRow, 201),
        )

    @extend_schema(request=UseCaseCorrection, responses=UseCaseRow)
    def partial_update(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The card is corrected. A new purpose voids an open approval: it is material."""
        told = UseCaseCorrection(data=request.data)
        told.is_valid(raise_exception=True)
        changes = dict(told.validated_data)
        use_case = get_or_refuse(self.get_queryset(), pk)
        row = services.correct_use_case(
            actor=request.user,
            use_case_id=use_case.pk,
            reason=changes.pop("reason"),
            changes=changes,
            expected_version=expected_version(request),
        )
        return present(row, UseCaseRow, 200)


class UseRow(serializers.ModelSerializer[ModelUse]):
    """A use of a model, with the grade in force."""

    model_code = serializers.CharField(source="model.code", read_only=True)
    model_name = serializers.CharField(source="model.name_zh", read_only=True)
    use_case_code = serializers.CharField(source="use_case.code", read_only=True)

    class Meta:
        model = ModelUse
        fields = (
            "id", "code", "model", "model_code", "model_name", "use_case", "use_case_code",
            "entity", "tier", "is_provisional", "flags", "is_uninterruptible", "is_live",
            "row_version",
        )  # fmt: skip


class UseDoor(ListDoor):
    """Uses of models: what is classified, graded and approved."""

    queryset = ModelUse.objects.all()
    row = UseRow
    orderings: ClassVar[dict[str, str]] = {"code": "code"}
    default_ordering = "code"
    filterset_fields = ("code", "model", "use_case", "entity", "tier", "is_provisional")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[ModelUse]:
        """The uses of the models that the caller may see."""
        return queries.visible_uses(self.request.user)
