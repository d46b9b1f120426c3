"""REST: the experiments pool, and what of it is claimed for the inventory."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.mlflow_compat import queries, services
from governance.mlflow_compat.models import RegisteredModel, RegisteredVersion
from registry.catalogue.queries import visible_to as visible_models
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.fields import DigestField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class ExperimentRow(serializers.ModelSerializer[RegisteredModel]):
    """A name that MLflow's clients have registered; `model` once it is claimed."""

    class Meta:
        model = RegisteredModel
        fields = (
            "id", "name", "description", "tags", "entity", "model", "last_number",
            "registered_by", "registered_at", "touched_at", "row_version",
        )  # fmt: skip


class ExperimentVersionRow(serializers.ModelSerializer[RegisteredVersion]):
    """A version under such a name; `version` once it is one of the inventory."""

    class Meta:
        model = RegisteredVersion
        fields = (
            "id", "registered", "number", "description", "source", "location", "run_id",
            "run_link", "logged_model", "tags", "stage", "version", "registered_by",
            "registered_at", "touched_at", "row_version",
        )  # fmt: skip


class NewNameClaim(serializers.Serializer[Any]):
    """The name belongs to this model of the inventory."""

    model = serializers.UUIDField()


class NewVersionClaim(serializers.Serializer[Any]):
    """The version is one of the inventory: its label there, and the sha256 of its files."""

    label = serializers.CharField(max_length=60)  # type: ignore[assignment]  # a column
    digest = DigestField()


class ExperimentDoor(ListDoor):
    """实验池: what MLflow's clients have registered."""

    queryset = RegisteredModel.objects.all()
    row = ExperimentRow
    orderings: ClassVar[dict[str, str]] = {"registered_at": "registered_at"}
    default_ordering = "-registered_at"
    filterset_fields = ("name", "entity", "model", "registered_by")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "claims": Capability.REGISTER,
    }
    replayable = ("claims",)

    def visible(self) -> QuerySet[RegisteredModel]:
        """The names that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewNameClaim, responses={201: ExperimentRow})
    def claims(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The name belongs to a model of the inventory."""
        told = NewNameClaim(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        model = get_or_refuse(
            visible_models(request.user).select_related("entity"), told.validated_data["model"]
        )

        def create() -> Response:
            made = services.claim_name(actor=request.user, registered_id=row.pk, model=model)
            return present(made, ExperimentRow, 201)

        return once(request, create)


class ExperimentVersionDoor(ListDoor):
    """The versions under the names of the experiments pool."""

    queryset = RegisteredVersion.objects.all()
    row = ExperimentVersionRow
    orderings: ClassVar[dict[str, str]] = {"touched_at": "touched_at"}
    default_ordering = "-touched_at"
    filterset_fields = ("registered", "run_id", "stage", "version")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "claims": Capability.REGISTER_VERSION,
    }
    replayable = ("claims",)

    def visible(self) -> QuerySet[RegisteredVersion]:
        """The versions that the caller may see."""
        return queries.visible_versions(self.request.user)

    @extend_schema(request=NewVersionClaim, responses={201: ExperimentVersionRow})
    def claims(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The version is one of the inventory."""
        told = NewVersionClaim(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)

        def create() -> Response:
            made = services.claim_version(
                actor=request.user, version_id=row.pk, **told.validated_data
            )
            return present(made, ExperimentVersionRow, 201)

        return once(request, create)
