"""REST: OpenLineage events of training runs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.catalogue.queries import visible_versions
from registry.core.errors import DomainError
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.parsing import is_uuid
from registry.core.web.views import CallerRequest, ListDoor
from registry.lineage import queries, services
from registry.lineage.models import TrainingEvent

VERSION = OpenApiParameter("version", OpenApiTypes.UUID, description="Of this model version.")


class TrainingEventRow(serializers.ModelSerializer[TrainingEvent]):
    """An event of a training run."""

    class Meta:
        model = TrainingEvent
        fields = (
            "id", "run_id", "event_type", "event_at", "producer", "job_namespace", "job_name",
            "inputs", "model_name", "model_version", "model_digest", "mlflow_run", "facets",
            "sha256", "reported_by", "reported_at", "row_version",
        )  # fmt: skip


class TakenInRow(serializers.Serializer[Any]):
    """What became of the event."""

    id = serializers.UUIDField(allow_null=True, help_text="Null where it is not kept.")
    is_new = serializers.BooleanField()
    reason = serializers.CharField(help_text="Why it is not kept.")
    warnings = serializers.ListField(child=serializers.CharField())


class LineageDoor(ListDoor):
    """OpenLineage: how versions were trained, on which data."""

    queryset = TrainingEvent.objects.all()
    row = TrainingEventRow
    orderings: ClassVar[dict[str, str]] = {"event_at": "event_at"}
    default_ordering = "-event_at"
    filterset_fields = ("run_id", "event_type", "job_name", "mlflow_run", "model_name")
    reads = ("version",)
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.REGISTER_VERSION,
    }

    def visible(self) -> QuerySet[TrainingEvent]:
        """The events about versions that the caller may see, and the caller's own."""
        return queries.visible_to(self.request.user)

    @extend_schema(parameters=[VERSION])
    def list(self, request: CallerRequest) -> Response:
        """A page of events; `?version=` gives those of one version's training."""
        rows = self.filter_queryset(self.get_queryset())
        if asked := request.query_params.get("version", ""):
            if not is_uuid(asked):
                raise Http404
            versions = visible_versions(request.user).select_related("model__entity")
            events = queries.of_version(get_or_refuse(versions, asked))
            rows = rows.filter(pk__in=[row.pk for row in events])
        return self.page(rows)

    @extend_schema(request=OpenApiTypes.OBJECT, responses={201: TakenInRow, 200: TakenInRow})
    def create(self, request: CallerRequest) -> Response:
        """A RunEvent about a model's training is on record; what else is told is passed over."""
        if not isinstance(request.data, dict):
            raise DomainError(
                "lineage_unreadable", "One event at a time, as an object.", status=400
            )
        found = services.take_in(actor=request.user, event=request.data)
        told = {
            "id": str(found.event.pk) if found.event is not None else None,
            "is_new": found.is_new,
            "reason": found.reason,
            "warnings": list(found.warnings),
        }
        return Response(told, status=201 if found.is_new else 200)
