"""REST: observations of metrics, one or a thousand at once; what monitoring tools write."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.monitoring import services
from governance.monitoring.models import Level, Observation
from governance.monitoring.services import Reported, Told
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door


class Figure(serializers.FloatField):
    """A number; `true` is none."""

    def to_internal_value(self, data: Any) -> float:  # Any: JSON
        """Raises ValidationError."""
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class ObservationTold(serializers.Serializer[Any]):
    """A value, or the counts in bins that it is computed from; no data of persons."""

    release = serializers.CharField(max_length=20, help_text="REL-2026-000001")
    metric = serializers.CharField(
        max_length=60, help_text="a key of the policy's, or of the release's own metrics"
    )
    at = serializers.DateTimeField(help_text="the end of the period that it is about")
    segment = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=200, trim_whitespace=False,
        help_text="a feature, a group of customers; empty for the whole",
    )  # fmt: skip
    value = Figure(required=False, allow_null=True, default=None)
    count = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="how many cases it comes from"
    )
    inputs = serializers.DictField(
        required=False, default=dict,
        help_text="psi: expected, actual; ks and auc: positives, negatives by rising score;"
        " rate: favourable, total; ratio: groups, each [favourable, total]",
    )  # fmt: skip
    correction = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=2_000,
        help_text="why the value that stands there was wrong",
    )  # fmt: skip


class ReportTold(serializers.Serializer[Any]):
    """Up to a thousand observations, taken all or none."""

    observations = serializers.ListField(
        child=ObservationTold(), allow_empty=False, max_length=services.MOST
    )


class ImportTold(serializers.Serializer[Any]):
    """A report that Evidently or NannyML has written, and which of its values fill which metric."""

    release = serializers.CharField(max_length=20)
    format = ChoiceField(choices=[(one, one) for one in services.FORMATS])
    document = serializers.JSONField(help_text="the report, as the tool wrote it")
    metrics = serializers.DictField(
        child=serializers.CharField(max_length=60), allow_empty=False,
        help_text="name in the document → key of the metric",
    )  # fmt: skip
    at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RunTold(serializers.Serializer[Any]):
    """A run on MLflow's tracking server, and which of its metrics fill which of the release's."""

    release = serializers.CharField(max_length=20)
    run_id = serializers.CharField(max_length=64)
    metrics = serializers.DictField(
        child=serializers.CharField(max_length=60), allow_empty=False,
        help_text="the run's metric → key of the metric",
    )  # fmt: skip
    at = serializers.DateTimeField()


class BreachTold(serializers.Serializer[Any]):
    """A breach that opened, or grew graver."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    metric = serializers.CharField()
    segment = serializers.CharField(allow_blank=True)
    level = ChoiceField(choices=Level.choices)
    due_at = serializers.DateTimeField()


class ReportRow(serializers.Serializer[Any]):
    """What became of the report. report: its number, none where everything had been told before."""

    report = serializers.IntegerField(allow_null=True)
    taken = serializers.IntegerField()
    repeated = serializers.IntegerField()
    breaches = BreachTold(many=True)


def _shown(found: Reported) -> Response:
    body = {
        "report": found.report.number if found.report else None,
        "taken": found.taken,
        "repeated": found.repeated,
        "breaches": [
            {
                "id": row.pk, "code": row.code, "metric": row.metric.key, "segment": row.segment,
                "level": row.level, "due_at": row.due_at,
            }
            for row in found.breaches
        ],
    }  # fmt: skip
    return Response(body, status=201 if found.report else 200)


class ObservationDoor(Door):
    """观测值. What is told again with the same value is left as it is."""

    queryset = Observation.objects.none()
    row = ReportRow
    replayable = ("create", "imports", "runs")
    capabilities: ClassVar[dict[str, Capability]] = {
        "create": Capability.REPORT_METRICS,
        "imports": Capability.REPORT_METRICS,
        "runs": Capability.REPORT_METRICS,
    }

    def visible(self) -> QuerySet[Observation]:
        """None by themselves: they are read at their metric."""
        return Observation.objects.none()

    @extend_schema(request=ReportTold, responses={200: ReportRow, 201: ReportRow})
    def create(self, request: CallerRequest) -> Response:
        """All of them are stored and judged; or none is."""
        told = ReportTold(data=request.data)
        told.is_valid(raise_exception=True)
        rows = [Told(**one) for one in told.validated_data["observations"]]
        return once(request, lambda: _shown(services.report(actor=request.user, told=rows)))

    @extend_schema(request=ImportTold, responses={200: ReportRow, 201: ReportRow})
    def imports(self, request: CallerRequest) -> Response:
        """The named values of the document are stored and judged."""
        told = ImportTold(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        return once(
            request,
            lambda: _shown(
                services.bring_in(
                    actor=request.user,
                    release=data["release"],
                    written_by=data["format"],
                    document=data["document"],
                    metrics=data["metrics"],
                    at=data["at"],
                )  # fmt: skip
            ),
        )

    @extend_schema(request=RunTold, responses={200: ReportRow, 201: ReportRow})
    def runs(self, request: CallerRequest) -> Response:
        """The last values of the run's metrics are stored and judged."""
        told = RunTold(data=request.data)
        told.is_valid(raise_exception=True)
        return _shown(services.bring_in_run(actor=request.user, **told.validated_data))
