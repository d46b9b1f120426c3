"""REST: breaches, taken up and closed by people."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.monitoring import queries, services
from governance.monitoring.models import Breach, Outcome
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.views import CallerRequest, ListDoor, present


class BreachRow(serializers.ModelSerializer[Breach]):
    """A metric beyond its limits, or silent."""

    metric_key = serializers.CharField(source="metric.key", read_only=True)
    release_code = serializers.CharField(source="release.code", read_only=True)

    class Meta:
        model = Breach
        fields = (
            "id", "code", "release", "release_code", "metric", "metric_key", "segment", "kind",
            "level", "value", "at", "opened_at", "due_at", "recovered_at", "state", "taken_up_by",
            "plan", "closed_by", "closed_at", "outcome", "note", "accepted_until", "row_version",
        )  # fmt: skip


class TakingUp(serializers.Serializer[Any]):
    """What is done about it."""

    plan = serializers.CharField(max_length=4_000)


class BreachClosing(serializers.Serializer[Any]):
    """What became of it. accepted_until: of what is accepted for a time."""

    outcome = ChoiceField(choices=[one for one in Outcome.choices if one[0] != Outcome.BY_ITSELF])
    note = serializers.CharField(max_length=4_000)
    accepted_until = serializers.DateField(required=False, allow_null=True, default=None)


class BreachDoor(ListDoor):
    """监测告警."""

    queryset = Breach.objects.all()
    row = BreachRow
    orderings: ClassVar[dict[str, str]] = {"opened_at": "opened_at", "due_at": "due_at"}
    default_ordering = "-opened_at"
    filterset_fields = ("release", "metric", "kind", "level", "state", "code")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "take_ups": Capability.ANSWER_BREACH,
        "closings": Capability.ANSWER_BREACH,
    }

    def visible(self) -> QuerySet[Breach]:
        """The breaches of the models that the caller may see."""
        return queries.visible_breaches(self.request.user)

    @extend_schema(request=TakingUp, responses={201: BreachRow})
    def take_ups(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Somebody sees to it."""
        told = TakingUp(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        made = services.take_up(actor=request.user, breach_id=row.pk, **told.validated_data)
        return present(made, BreachRow, 201)

    @extend_schema(request=BreachClosing, responses={201: BreachRow})
    def closings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It has been dealt with."""
        told = BreachClosing(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row.release):
            made = services.close(actor=request.user, breach_id=row.pk, **told.validated_data)
        return present(made, BreachRow, 201)
