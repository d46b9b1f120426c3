"""REST: drill reports (R12)."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.suspensions import queries, services
from governance.suspensions.models import DrillReport
from governance.suspensions.services import Drilled
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class DrillReportRow(serializers.ModelSerializer[DrillReport]):
    """A report: scenario, who took part, when it began and ended, what it showed."""

    started_at = serializers.DateTimeField(source="order.ordered_at", read_only=True)
    ended_at = serializers.DateTimeField(source="order.lifted_at", read_only=True, allow_null=True)

    class Meta:
        model = DrillReport
        fields = (
            "id", "order", "started_at", "ended_at", "scenario", "participants",
            "vendor_took_part", "decision_minutes", "rto_minutes", "fallback_minutes",
            "manual_capacity_hours", "findings", "actions",
            "written_by", "written_at", "countersigned_by", "countersigned_at", "row_version",
        )  # fmt: skip


class NewDrillReport(serializers.Serializer[Any]):
    """What the drill has shown; how long it took is computed."""

    order = serializers.UUIDField()
    scenario = serializers.CharField(max_length=5_000)
    participants = serializers.CharField(max_length=5_000)
    vendor_took_part = serializers.BooleanField(required=False, default=False)
    manual_capacity_hours = serializers.DecimalField(
        max_digits=6, decimal_places=1, min_value=0, required=False, allow_null=True, default=None
    )
    findings = serializers.CharField(max_length=5_000, required=False, default="", allow_blank=True)
    actions = serializers.CharField(max_length=5_000, required=False, default="", allow_blank=True)


class DrillReportDoor(ListDoor):
    """演练报告."""

    queryset = DrillReport.objects.all()
    row = DrillReportRow
    orderings: ClassVar[dict[str, str]] = {"written_at": "written_at"}
    default_ordering = "-written_at"
    filterset_fields = ("order", "vendor_took_part")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.REPORT_DRILL,
        "countersignatures": Capability.COUNTERSIGN_DRILL,
    }

    def visible(self) -> QuerySet[DrillReport]:
        """Those of the drills that the caller may see."""
        return queries.visible_drill_reports(self.request.user)

    @extend_schema(request=NewDrillReport, responses={201: DrillReportRow})
    def create(self, request: CallerRequest) -> Response:
        """The drill has its report."""
        told = NewDrillReport(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        order = get_or_refuse(queries.visible_to(request.user), data.pop("order"))
        return once(
            request,
            lambda: present(
                services.report_drill(actor=request.user, order_id=order.pk, told=Drilled(**data)),
                DrillReportRow,
                201,
            ),
        )

    @extend_schema(request=None, responses={201: DrillReportRow})
    def countersignatures(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Another person stands behind it."""
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row):
            done = services.countersign_drill(actor=request.user, report_id=row.pk)
        return present(done, DrillReportRow, 201)
