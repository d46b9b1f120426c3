"""REST: validations."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.validations import queries, services
from governance.validations.models import Conclusion, TestOutcome, Validation, ValidationTest
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.releases.models import ExplainabilityLevel
from registry.releases.queries import visible_to as visible_releases


class ValidationRow(serializers.ModelSerializer[Validation]):
    """A validation."""

    class Meta:
        model = Validation
        fields = (
            "id", "code", "release", "validator", "plan", "scope", "independence", "state",
            "conclusion", "explainability_level", "summary", "limitations", "owner_response",
            "started_at", "concluded_at", "signed_off_by", "signed_off_at", "abandoned_reason",
            "row_version",
        )  # fmt: skip


class NewValidation(serializers.Serializer[Any]):
    """Plan a validation; the caller is its validator."""

    release = serializers.UUIDField()
    plan = serializers.CharField()
    scope = serializers.CharField()
    independence = serializers.CharField()


class TestRow(serializers.ModelSerializer[ValidationTest]):
    """A test of a validation."""

    class Meta:
        model = ValidationTest
        fields = (
            "id", "validation", "kind", "name", "measure", "threshold", "outcome", "comment",
            "recorded_at", "row_version",
        )  # fmt: skip


class NewTest(serializers.Serializer[Any]):
    """Record a test."""

    kind = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=200)
    measure = serializers.CharField(max_length=200)
    threshold = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    outcome = ChoiceField(choices=TestOutcome.choices)
    comment = serializers.CharField(required=False, default="", allow_blank=True)


class NewConclusion(serializers.Serializer[Any]):
    """Conclude."""

    conclusion = ChoiceField(choices=Conclusion.choices)
    explainability_level = ChoiceField(choices=ExplainabilityLevel.choices)
    summary = serializers.CharField()
    limitations = serializers.CharField(required=False, default="", allow_blank=True)


class NewResponse(serializers.Serializer[Any]):
    """The owner's answer."""

    response = serializers.CharField()


class NewAbandonment(serializers.Serializer[Any]):
    """Why it is abandoned."""

    reason = serializers.CharField()


class ValidationDoor(ListDoor):
    """模型验证: plan, tests, conclusion, the owner's answer, sign-off."""

    queryset = Validation.objects.all()
    row = ValidationRow
    orderings: ClassVar[dict[str, str]] = {"started_at": "started_at"}
    default_ordering = "-started_at"
    filterset_fields = ("code", "release", "state", "validator", "conclusion")
    replayable = ("create", "tests")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.VALIDATE,
        "tests": Capability.VALIDATE,
        "conclusions": Capability.VALIDATE,
        "responses": Capability.RESPOND_TO_VALIDATION,
        "sign_offs": Capability.OVERRIDE_GRADE,
        "abandonments": Capability.OVERRIDE_GRADE,
    }

    def visible(self) -> QuerySet[Validation]:
        """The validations that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewValidation, responses={201: ValidationRow})
    def create(self, request: CallerRequest) -> Response:
        """The caller validates the release."""
        told = NewValidation(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        release = get_or_refuse(visible_releases(request.user), data.pop("release"))

        def create() -> Response:
            row = services.plan(actor=request.user, release_id=release.pk, **data)
            return present(row, ValidationRow, 201)

        with refusals_recorded(request.user, release):
            return once(request, create)

    @extend_schema(request=NewTest, responses={201: TestRow})
    def tests(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The test stands in the validation."""
        told = NewTest(data=request.data)
        told.is_valid(raise_exception=True)
        validation = get_or_refuse(self.get_queryset(), pk)
        result = services.TestResult(**told.validated_data)
        return once(
            request,
            lambda: present(
                services.record_test(
                    actor=request.user, validation_id=validation.pk, result=result
                ),
                TestRow,
                201,
            ),
        )

    @extend_schema(request=NewConclusion, responses={201: ValidationRow})
    def conclusions(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The validator has concluded."""
        told = NewConclusion(data=request.data)
        told.is_valid(raise_exception=True)
        validation = get_or_refuse(self.get_queryset(), pk)
        row = services.conclude(
            actor=request.user,
            validation_id=validation.pk,
            findings=services.Findings(**told.validated_data),
        )
        return present(row, ValidationRow, 201)

    @extend_schema(request=NewResponse, responses={201: ValidationRow})
    def responses(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The owner has answered."""
        told = NewResponse(data=request.data)
        told.is_valid(raise_exception=True)
        validation = get_or_refuse(self.get_queryset(), pk)
        row = services.answer(
            actor=request.user, validation_id=validation.pk, **told.validated_data
        )
        return present(row, ValidationRow, 201)

    @extend_schema(request=None, responses={201: ValidationRow})
    def sign_offs(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Another independent person of the second line has signed off."""
        validation = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, validation):
            row = services.sign_off(actor=request.user, validation_id=validation.pk)
        return present(row, ValidationRow, 201)

    @extend_schema(request=NewAbandonment, responses={201: ValidationRow})
    def abandonments(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The validation ends without a result; another can begin."""
        told = NewAbandonment(data=request.data)
        told.is_valid(raise_exception=True)
        validation = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, validation):
            row = services.abandon(
                actor=request.user, validation_id=validation.pk, **told.validated_data
            )
        return present(row, ValidationRow, 201)
