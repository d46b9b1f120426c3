"""REST: orders to stop and restrict, and lifting them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.suspensions import queries, services
from governance.suspensions.models import (
    AcknowledgedAction,
    Acknowledgement,
    Order,
    OrderKind,
    TargetType,
)
from governance.suspensions.queries import Target
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse, require
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class OrderRow(serializers.ModelSerializer[Order]):
    """An order."""

    class Meta:
        model = Order
        fields = (
            "id", "kind", "target_type", "target_id", "target_key", "reason", "limits", "given_by",
            "is_drill", "noticed_at", "ordered_by", "ordered_at", "tier", "decision_minutes",
            "effective_minutes", "fallback_minutes", "state", "resume_asked_by", "lifted_by",
            "confirmed_by", "lifted_at", "lift_reason", "is_false_alarm", "ratified_by",
            "ratified_at", "ratified_under", "row_version",
        )  # fmt: skip


class NewOrder(serializers.Serializer[Any]):
    """Stop or restrict, at once."""

    kind = ChoiceField(choices=OrderKind.choices)
    target_type = ChoiceField(choices=TargetType.choices)
    target_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    target_key = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=500,
        help_text="The name of a vendor or a base model, as versions name it in their manifests.",
    )  # fmt: skip
    reason = serializers.CharField()
    limits = serializers.CharField(required=False, default="", allow_blank=True)
    given_by = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    is_drill = serializers.BooleanField(required=False, default=False)
    noticed_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None,
        help_text="When the event was noticed: the time to decide is measured from it.",
    )  # fmt: skip


class NewResumption(serializers.Serializer[Any]):
    """Lift the order: root cause and test. A stop is lifted by the second officer who says so."""

    reason = serializers.CharField()
    is_false_alarm = serializers.BooleanField(required=False, default=False)


class NewAcknowledgement(serializers.Serializer[Any]):
    """You have applied the order, fallen back, or resumed after its lifting; when, if not now."""

    action = ChoiceField(choices=AcknowledgedAction.choices)
    applied_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class AcknowledgementRow(serializers.ModelSerializer[Acknowledgement]):
    """Who has applied the order, or resumed, and when."""

    class Meta:
        model = Acknowledgement
        fields = (
            "id", "order", "consumer", "action", "applied_at", "received_at", "row_version",
        )  # fmt: skip


class Applied(serializers.Serializer[Any]):
    """A system that enforces the order, and how long it took until it said so.

    applied_at, fallback_at, resumed_at: as it tells them; received_at, fallback_received_at: when
    it said so, which is what is measured.
    """

    consumer = serializers.UUIDField(source="consumer.pk")
    name = serializers.CharField(source="consumer.name")
    applied_at = serializers.DateTimeField(
        source="applied.applied_at", default=None, allow_null=True
    )
    received_at = serializers.DateTimeField(
        source="applied.received_at", default=None, allow_null=True
    )
    resumed_at = serializers.DateTimeField(
        source="resumed.applied_at", default=None, allow_null=True
    )
    seconds = serializers.FloatField(allow_null=True)
    fallback_at = serializers.DateTimeField(
        source="fallback.applied_at", default=None, allow_null=True
    )
    fallback_received_at = serializers.DateTimeField(
        source="fallback.received_at", default=None, allow_null=True
    )
    fallback_seconds = serializers.FloatField(allow_null=True)


class TimedRow(serializers.Serializer[Any]):
    """How long it took, against the tier's limit where it has one."""

    limit_minutes = serializers.IntegerField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    in_time = serializers.BooleanField(allow_null=True)


class Enforcement(serializers.Serializer[Any]):
    """How long it took to decide, to take effect and to fall back, each against its limit.

    due_at, seconds and in_time are those of taking effect: from the order to the last
    acknowledgement.
    """

    tier = serializers.CharField(allow_blank=True)
    due_at = serializers.DateTimeField(allow_null=True)
    is_complete = serializers.BooleanField()
    seconds = serializers.FloatField(allow_null=True)
    in_time = serializers.BooleanField(allow_null=True)
    decision = TimedRow()
    effective = TimedRow()
    fallback = TimedRow()
    answers = Applied(many=True)


class NewRatification(serializers.Serializer[Any]):
    """The number of the resolution that stands behind the lifting."""

    resolution = serializers.CharField(max_length=100)


class OrderDoor(ListDoor):
    """紧急停用与限制使用."""

    queryset = Order.objects.all()
    row = OrderRow
    orderings: ClassVar[dict[str, str]] = {"ordered_at": "ordered_at"}
    default_ordering = "-ordered_at"
    filterset_fields = ("kind", "target_type", "target_id", "is_drill", "state")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.READ,
        "enforcement": Capability.READ,
        "resumptions": Capability.RESUME,
        "acknowledgements": Capability.ACKNOWLEDGE_STOP,
        "ratifications": Capability.RATIFY,
    }

    def visible(self) -> QuerySet[Order]:
        """The orders about what the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewOrder, responses={201: OrderRow})
    def create(self, request: CallerRequest) -> Response:
        """The order is in force. Needs the capability to stop, or to restrict."""
        told = NewOrder(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        stops = data["kind"] == OrderKind.STOP
        require(request.user, Capability.STOP if stops else Capability.RESTRICT)
        target = Target(data["target_type"], data["target_id"], data["target_key"])
        queries.check_target(request.user, target)
        return once(
            request,
            lambda: present(services.order(actor=request.user, **data), OrderRow, 201),
        )

    @extend_schema(request=NewResumption, responses={201: OrderRow})
    def resumptions(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """恢复启用: others than its giver lift it; a stop when the second officer says so."""
        told = NewResumption(data=request.data)
        told.is_valid(raise_exception=True)
        order = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, order):
            row = services.resume(actor=request.user, order_id=order.pk, **told.validated_data)
        return present(row, OrderRow, 201)

    @extend_schema(responses=Enforcement)
    def enforcement(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Who has applied the order and when, against the limit of the tier."""
        order = get_or_refuse(self.get_queryset(), pk)
        return Response(Enforcement(queries.measure(order)).data)

    @extend_schema(request=NewAcknowledgement, responses={201: AcknowledgementRow})
    def acknowledgements(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """已执行: the caller's enforcing system has applied the order, or resumed."""
        told = NewAcknowledgement(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        row = services.acknowledge(actor=request.user, order_id=pk, **data)
        return present(row, AcknowledgementRow, 201)

    @extend_schema(request=NewRatification, responses={201: OrderRow})
    def ratifications(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """追认: the lifting after a false alarm is ratified."""
        told = NewRatification(data=request.data)
        told.is_valid(raise_exception=True)
        order = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, order):
            row = services.ratify(actor=request.user, order_id=order.pk, **told.validated_data)
        return present(row, OrderRow, 201)
