"""REST: models and their versions."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.catalogue import queries, services
from registry.catalogue.models import AIModel, IdentityKind, ModelVersion, NeedToKnow
from registry.catalogue.services import MOST_AT_ONCE, NewVersion
from registry.core.people.models import Department, User
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.concurrency import expected_version
from registry.core.web.fields import ChoiceField, DigestField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present

SEARCH = OpenApiParameter("search", OpenApiTypes.STR, description="Names, codes, pinyin initials.")


class ModelRow(serializers.ModelSerializer[AIModel]):
    """A model of the inventory."""

    owner_name = serializers.CharField(source="owner.name", read_only=True)
    entity_code = serializers.CharField(source="entity.code", read_only=True)

    class Meta:
        model = AIModel
        fields = (
            "id", "code", "name_zh", "name_en", "former_names", "description", "entity",
            "entity_code", "department", "owner", "owner_name", "is_confidential", "tier",
            "registered_at", "row_version",
        )  # fmt: skip


class Correction(serializers.Serializer[Any]):
    """更正: what is corrected, and why."""

    name_zh = serializers.CharField(max_length=200, required=False)
    name_en = serializers.CharField(max_length=200, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    department = serializers.PrimaryKeyRelatedField(
        queryset=Department.objects.all(), required=False, allow_null=True
    )
    reason = serializers.CharField(max_length=500)


class InitiationRow(serializers.ModelSerializer[NeedToKnow]):
    """A person who may know of a confidential model."""

    class Meta:
        model = NeedToKnow
        fields = ("id", "model", "user", "reason", "row_version")


class NewInitiation(serializers.Serializer[Any]):
    """Let somebody know of a confidential model."""

    user = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True))
    reason = serializers.CharField(max_length=300)


class Ending(serializers.Serializer[Any]):
    """Why it ends."""

    reason = serializers.CharField(max_length=300)


class ModelDoor(ListDoor):
    """The inventory's models. A new one is registered at /registrations/."""

    queryset = AIModel.objects.all()
    row = ModelRow
    orderings: ClassVar[dict[str, str]] = {
        "registered_at": "registered_at",
        "code": "code",
        "name_zh": "name_zh",
    }
    default_ordering = "-registered_at"
    filterset_fields = ("code", "tier", "entity", "owner", "department", "is_confidential")
    reads = ("search",)
    needs_if_match = ("partial_update",)
    replayable = ("initiations",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "partial_update": Capability.REGISTER,
        "initiations": Capability.REGISTER,
    }

    def visible(self) -> QuerySet[AIModel]:
        """The models that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(parameters=[SEARCH])
    def list(self, request: CallerRequest) -> Response:
        """A page of models; `?search=` looks through names, codes, former names and initials."""
        rows = self.filter_queryset(self.get_queryset())
        return self.page(queries.matching(rows, request.query_params.get("search", "")))

    @extend_schema(request=Correction, responses=ModelRow)
    def partial_update(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Names, description or department are corrected; a former name stays findable."""
        told = Correction(data=request.data)
        told.is_valid(raise_exception=True)
        changes = dict(told.validated_data)
        model = get_or_refuse(self.get_queryset(), pk)
        row = services.correct_model(
            actor=request.user,
            model_id=model.pk,
            reason=changes.pop("reason"),
            changes=changes,
            expected_version=expected_version(request),
        )
        return present(row, ModelRow, 200)

    @extend_schema(request=NewInitiation, responses={201: InitiationRow})
    def initiations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The person may know of the confidential model."""
        told = NewInitiation(data=request.data)
        told.is_valid(raise_exception=True)
        model = get_or_refuse(self.get_queryset(), pk)
        return once(
            request,
            lambda: present(
                services.initiate(actor=request.user, model=model, **told.validated_data),
                InitiationRow,
                201,
            ),
        )


class InitiationDoor(ListDoor):
    """保密: who may know of which confidential model."""

    queryset = NeedToKnow.objects.all()
    row = InitiationRow
    orderings: ClassVar[dict[str, str]] = {"id": "id"}
    filterset_fields = ("model", "user")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "endings": Capability.REGISTER,
    }

    def visible(self) -> QuerySet[NeedToKnow]:
        """Those of the models that the caller may see."""
        return queries.visible_initiations(self.request.user)

    @extend_schema(request=Ending, responses={201: InitiationRow})
    def endings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The person is no longer shown the model."""
        told = Ending(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        ended = services.end_initiation(
            actor=request.user, initiation_id=row.pk, **told.validated_data
        )
        return present(ended, InitiationRow, 201)


class VersionRow(serializers.ModelSerializer[ModelVersion]):
    """A version with its typed identity."""

    class Meta:
        model = ModelVersion
        fields = (
            "id", "model", "label", "identity_kind", "digest", "manifest", "metrics", "source",
            "notes", "registered_by", "registered_at", "row_version",
        )  # fmt: skip


class VersionData(serializers.Serializer[Any]):
    """What is told of a version."""

    label = serializers.CharField(max_length=60)  # type: ignore[assignment]  # a column
    identity_kind = ChoiceField(choices=IdentityKind.choices)
    digest = DigestField(required=False, default="", allow_blank=True)
    manifest = serializers.DictField(required=False, default=dict)
    metrics = serializers.DictField(required=False, default=dict)
    source = serializers.CharField(  # type: ignore[assignment]  # a column
        max_length=500, required=False, default="", allow_blank=True
    )
    notes = serializers.CharField(required=False, default="", allow_blank=True)
    developers = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True), many=True, required=False
    )


class NewVersionData(VersionData):
    """A version of a model."""

    model = serializers.UUIDField()


class BulkVersions(serializers.Serializer[Any]):
    """Up to 100 versions of one model, all or none."""

    model = serializers.UUIDField()
    versions = VersionData(  # type: ignore[call-arg]  # many=True makes a list, which has a length
        many=True, allow_empty=False, max_length=MOST_AT_ONCE
    )


class VersionDoor(ListDoor):
    """Versions; pipelines register them here."""

    queryset = ModelVersion.objects.all()
    row = VersionRow
    orderings: ClassVar[dict[str, str]] = {"registered_at": "registered_at", "label": "label"}
    default_ordering = "-registered_at"
    filterset_fields = ("model", "label", "digest", "identity_kind")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.REGISTER_VERSION,
        "bulk": Capability.REGISTER_VERSION,
    }

    def visible(self) -> QuerySet[ModelVersion]:
        """The versions of the models that the caller may see."""
        return queries.visible_versions(self.request.user)

    @extend_schema(request=NewVersionData, responses={201: VersionRow})
    def create(self, request: CallerRequest) -> Response:
        """The version is registered."""
        told = NewVersionData(data=request.data)
        told.is_valid(raise_exception=True)
        model = self._model(told.validated_data["model"])
        version = _version(told.validated_data)
        return once(
            request,
            lambda: present(
                services.register_version(actor=request.user, model=model, version=version),
                VersionRow,
                201,
            ),
        )

    @extend_schema(request=BulkVersions, responses={201: VersionRow(many=True)})
    def bulk(self, request: CallerRequest) -> Response:
        """All the versions are registered, or none."""
        told = BulkVersions(data=request.data)
        told.is_valid(raise_exception=True)
        model = self._model(told.validated_data["model"])
        versions = [_version(one) for one in told.validated_data["versions"]]

        def create() -> Response:
            rows = services.register_versions(actor=request.user, model=model, versions=versions)
            return Response(VersionRow(rows, many=True).data, status=201)

        return once(request, create)

    def _model(self, key: Any) -> AIModel:  # Any: a key as sent
        rows = queries.visible_to(self.request.user).select_related("entity")
        return get_or_refuse(rows, key)


def _version(told: dict[str, Any]) -> NewVersion:  # Any: a serializer's data
    known = {name: value for name, value in told.items() if name != "model"}
    return NewVersion(**(known | {"developers": tuple(told.get("developers", ()))}))
