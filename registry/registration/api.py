"""REST: registrations. One request brings a model, its use case, use, release and grade about."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.catalogue.api import ModelRow
from registry.catalogue.models import AIModel
from registry.catalogue.queries import visible_to
from registry.catalogue.services import NewModel
from registry.classification.api import GradeRow, InputsData
from registry.core.people.models import Department, LegalEntity, User
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door
from registry.registration import queries, services
from registry.registration.services import Registered
from registry.releases.api import ReleaseRow
from registry.usecases.api import UseCaseData, UseCaseRow, UseRow
from registry.usecases.queries import visible_use_cases
from registry.usecases.services import NewUseCase


class ModelData(serializers.Serializer[Any]):
    """What is told of a new model."""

    name_zh = serializers.CharField(max_length=200)
    name_en = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    description = serializers.CharField(required=False, default="", allow_blank=True)
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    department = serializers.PrimaryKeyRelatedField(
        queryset=Department.objects.all(), required=False, allow_null=True, default=None
    )
    owner = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True))
    is_confidential = serializers.BooleanField(required=False, default=False)


class NewRegistration(InputsData):
    """A new model with its first use."""

    model = ModelData()
    use_case = UseCaseData()
    using_entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    is_uninterruptible = serializers.BooleanField(required=False, default=False)


class RegistrationRow(serializers.Serializer[Any]):
    """What the registration has brought about."""

    model = ModelRow()
    use_case = UseCaseRow()
    model_use = UseRow()
    release = ReleaseRow()
    grade = GradeRow()


def _present(made: Registered) -> Response:
    told = {
        "model": ModelRow(made.model).data,
        "use_case": UseCaseRow(made.use_case).data,
        "model_use": UseRow(made.use).data,
        "release": ReleaseRow(made.release).data,
        "grade": GradeRow(made.grade).data,
    }
    return Response(told, status=201)


class RegistrationDoor(Door):
    """Register a model."""

    queryset = AIModel.objects.none()
    row = RegistrationRow
    capabilities: ClassVar[dict[str, Capability]] = {
        "create": Capability.REGISTER,
        "near_duplicates": Capability.READ,
    }

    def visible(self) -> QuerySet[AIModel]:
        """Nothing is listed here; see /models/."""
        return AIModel.objects.none()

    @extend_schema(request=NewRegistration, responses={201: RegistrationRow})
    def create(self, request: CallerRequest) -> Response:
        """The model, its use case, use, release and provisional grade exist: all or nothing."""
        told = NewRegistration(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data

        def create() -> Response:
            return _present(
                services.register(
                    actor=request.user,
                    model=NewModel(**data["model"]),
                    card=NewUseCase(**data["use_case"]),
                    using_entity=data["using_entity"],
                    inputs=told.as_inputs(),
                    is_uninterruptible=data["is_uninterruptible"],
                )
            )

        return once(request, create)

    @extend_schema(
        parameters=[
            OpenApiParameter("name_zh", OpenApiTypes.STR),
            OpenApiParameter("name_en", OpenApiTypes.STR),
        ],
        responses={200: {"type": "array", "items": {"type": "object"}}},
    )
    def near_duplicates(self, request: CallerRequest) -> Response:
        """The models that the caller may see whose names are much alike."""
        told = request.query_params
        return Response(
            queries.near_duplicates(request.user, told.get("name_zh", ""), told.get("name_en", ""))
        )


class NewUse(InputsData):
    """Another use of a model."""

    model = serializers.UUIDField()
    use_case = serializers.UUIDField()
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    is_uninterruptible = serializers.BooleanField(required=False, default=False)


class NewUseRow(serializers.Serializer[Any]):
    """What adding the use has brought about."""

    model_use = UseRow()
    release = ReleaseRow()
    grade = GradeRow()


class AddedUseDoor(Door):
    """Add a use to a model: it opens a release of its own."""

    queryset = AIModel.objects.none()
    row = NewUseRow
    capabilities: ClassVar[dict[str, Capability]] = {"create": Capability.REGISTER}

    def visible(self) -> QuerySet[AIModel]:
        """Nothing is listed here; see /model-uses/."""
        return AIModel.objects.none()

    @extend_schema(request=NewUse, responses={201: NewUseRow})
    def create(self, request: CallerRequest) -> Response:
        """The use, its release and its grade exist."""
        told = NewUse(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        model = get_or_refuse(visible_to(request.user), data["model"])
        use_case = get_or_refuse(visible_use_cases(request.user), data["use_case"])

        def create() -> Response:
            use, release, grade = services.add_use(
                actor=request.user,
                model=model,
                use_case=use_case,
                using_entity=data["entity"],
                inputs=told.as_inputs(),
                is_uninterruptible=data["is_uninterruptible"],
            )
            use.refresh_from_db()
            told_back = {
                "model_use": UseRow(use).data,
                "release": ReleaseRow(release).data,
                "grade": GradeRow(grade).data,
            }
            return Response(told_back, status=201)

        return once(request, create)
