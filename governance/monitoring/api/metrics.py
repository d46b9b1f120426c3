"""REST: metrics of releases, their limits and their values; queries of Prometheus."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.monitoring import queries, services
from governance.monitoring.models import (
    BoundChoice,
    ComputedChoice,
    EffectChoice,
    Level,
    Metric,
    MetricQuery,
    Threshold,
)
from governance.monitoring.services import NewLimits, NewMetric
from registry.core import clock
from registry.core.errors import DomainError
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.releases.api import ReleaseKey
from registry.releases.queries import of_key_or_code
from registry.releases.queries import visible_to as visible_releases

MOST_POINTS = 1_000


class MetricRow(serializers.ModelSerializer[Metric]):
    """A metric of a release."""

    release_code = serializers.CharField(source="release.code", read_only=True)

    class Meta:
        model = Metric
        fields = (
            "id", "release", "release_code", "key", "name_zh", "name_en", "computes", "every_days",
            "state", "opened_at", "row_version",
        )  # fmt: skip


class MetricAdded(serializers.Serializer[Any]):
    """A metric of the release's own; the policy's begin with their first value."""

    release = ReleaseKey(help_text="Its id, or its code: REL-2026-000001.")
    key = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=100)
    name_en = serializers.CharField(max_length=100)
    computes = ChoiceField(
        choices=ComputedChoice.choices, required=False, default="", allow_blank=True
    )
    every_days = serializers.IntegerField(required=False, allow_null=True, default=None)


class ThresholdRow(serializers.ModelSerializer[Threshold]):
    """Limits that somebody set."""

    class Meta:
        model = Threshold
        fields = (
            "id", "metric", "segment", "number", "bound", "warn_low", "warn_high", "act_low",
            "act_high", "baseline", "consecutive", "effects", "loosens", "reason", "set_by",
            "set_at", "row_version",
        )  # fmt: skip


class LimitsTold(serializers.Serializer[Any]):
    """Limits from the next value on."""

    segment = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    bound = ChoiceField(choices=BoundChoice.choices)
    warn_low = serializers.FloatField(required=False, allow_null=True, default=None)
    warn_high = serializers.FloatField(required=False, allow_null=True, default=None)
    act_low = serializers.FloatField(required=False, allow_null=True, default=None)
    act_high = serializers.FloatField(required=False, allow_null=True, default=None)
    baseline = serializers.FloatField(required=False, allow_null=True, default=None)
    consecutive = serializers.IntegerField(required=False, default=1)
    effects = serializers.ListField(
        child=ChoiceField(choices=EffectChoice.choices), required=False, default=list,
        max_length=3,
    )  # fmt: skip
    reason = serializers.CharField(max_length=2_000)


class PointRow(serializers.Serializer[Any]):
    """A value as it was judged then. revision: how often it was corrected."""

    at = serializers.DateTimeField()
    value = serializers.FloatField()
    verdict = ChoiceField(choices=Level.choices)
    count = serializers.IntegerField(allow_null=True)
    revision = serializers.IntegerField()


class SeriesRow(serializers.Serializer[Any]):
    """The newest values of a segment, the newest last; is_cut: there are older ones."""

    segment = serializers.CharField(allow_blank=True)
    is_cut = serializers.BooleanField()
    points = PointRow(many=True)


class Why(serializers.Serializer[Any]):
    """A reason."""

    reason = serializers.CharField(max_length=2_000)


class QueryRow(serializers.ModelSerializer[MetricQuery]):
    """A query of Prometheus that fills a metric."""

    class Meta:
        model = MetricQuery
        fields = (
            "id", "metric", "query", "segment_label", "every_minutes", "state", "row_version",
        )  # fmt: skip


class QueryTold(serializers.Serializer[Any]):
    """Fill the metric from Prometheus."""

    query = serializers.CharField(max_length=2_000)
    every_minutes = serializers.IntegerField()
    segment_label = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=60
    )


class MetricDoor(ListDoor):
    """指标."""

    queryset = Metric.objects.all()
    row = MetricRow
    orderings: ClassVar[dict[str, str]] = {"opened_at": "opened_at", "key": "key"}
    default_ordering = "-opened_at"
    filterset_fields = ("release", "key", "state")
    replayable = ("create", "limits", "open_query")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.SET_LIMITS,
        "limits": Capability.SET_LIMITS,
        "thresholds": Capability.READ,
        "observations": Capability.READ,
        "open_query": Capability.SET_LIMITS,
        "closings": Capability.SET_LIMITS,
        "reopenings": Capability.SET_LIMITS,
    }

    def visible(self) -> QuerySet[Metric]:
        """The metrics of the models that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=MetricAdded, responses={201: MetricRow})
    def create(self, request: CallerRequest) -> Response:
        """The release has a metric of its own."""
        told = MetricAdded(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        release = of_key_or_code(visible_releases(request.user), data.pop("release"))
        new = NewMetric(**data)
        return once(
            request,
            lambda: present(
                services.add_metric(actor=request.user, release_id=release.pk, told=new),
                MetricRow, 201,
            ),
        )  # fmt: skip

    @extend_schema(request=LimitsTold, responses={201: ThresholdRow})
    def limits(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """These limits hold from the next value on."""
        told = LimitsTold(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        row = get_or_refuse(self.get_queryset(), pk)
        new = NewLimits(**data | {"effects": tuple(data["effects"])})
        with refusals_recorded(request.user, row):
            return once(
                request,
                lambda: present(
                    services.set_limits(actor=request.user, metric_id=row.pk, told=new),
                    ThresholdRow, 201,
                ),
            )  # fmt: skip

    @extend_schema(responses={200: ThresholdRow(many=True)})
    def thresholds(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The limits that were set for the metric, the newest first, at most 200."""
        row = get_or_refuse(self.get_queryset(), pk)
        found = row.thresholds.order_by("-set_at", "-number")[:200]
        return Response(ThresholdRow(found, many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("segment", str), OpenApiParameter("since", dt.datetime),
            OpenApiParameter("until", dt.datetime),
        ],
        responses={200: SeriesRow},
    )  # fmt: skip
    def observations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The values of a segment (of the whole, if none is named), at most a thousand."""
        row = get_or_refuse(self.get_queryset(), pk)
        segment = request.query_params.get("segment", "").replace("\x00", "")
        until = _moment(request, "until", clock.now() + dt.timedelta(days=1))
        since = _moment(request, "since", until - dt.timedelta(days=366))
        found = queries.points(row, segment, since, until, MOST_POINTS + 1)
        body = {
            "segment": segment, "is_cut": len(found) > MOST_POINTS, "points": found[-MOST_POINTS:],
        }  # fmt: skip
        return Response(SeriesRow(body).data)

    @extend_schema(request=QueryTold, responses={201: QueryRow})
    def open_query(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The query fills the metric from now on."""
        told = QueryTold(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        return once(
            request,
            lambda: present(
                services.open_query(actor=request.user, metric_id=row.pk, **told.validated_data),
                QueryRow, 201,
            ),
        )  # fmt: skip

    @extend_schema(request=Why, responses={201: MetricRow})
    def closings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The metric is not watched any more."""
        told = Why(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row):
            made = services.close_metric(
                actor=request.user, metric_id=row.pk, **told.validated_data
            )
        return present(made, MetricRow, 201)

    @extend_schema(request=None, responses={201: MetricRow})
    def reopenings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The metric is watched again."""
        row = get_or_refuse(self.get_queryset(), pk)
        made = services.reopen_metric(actor=request.user, metric_id=row.pk)
        return present(made, MetricRow, 201)


def _moment(request: CallerRequest, name: str, otherwise: dt.datetime) -> dt.datetime:
    asked = request.query_params.get(name, "")
    if not asked:
        return otherwise
    try:
        found = parse_datetime(asked)
    except ValueError:
        found = None
    if found is None:
        said = _("This is no moment: %(example)s is one.") % {"example": "2026-11-23T08:00:00Z"}
        raise DomainError("malformed", said, field=name, status=400)
    found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return max(found, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))


class MetricQueryDoor(ListDoor):
    """Queries of Prometheus that fill metrics."""

    queryset = MetricQuery.objects.all()
    row = QueryRow
    orderings: ClassVar[dict[str, str]] = {"every_minutes": "every_minutes"}
    default_ordering = "every_minutes"
    filterset_fields = ("metric", "state")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "closings": Capability.SET_LIMITS,
    }

    def visible(self) -> QuerySet[MetricQuery]:
        """The queries of the metrics that the caller may see."""
        return queries.visible_queries(self.request.user)

    @extend_schema(request=None, responses={201: QueryRow})
    def closings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The query fills nothing any more."""
        row = get_or_refuse(self.get_queryset(), pk)
        return present(services.close_query(actor=request.user, query_id=row.pk), QueryRow, 201)
