"""REST: orders to stop and restrict, and lifting them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.suspensions import queries, services
from governance.suspensions.models import Order, OrderKind, TargetType
from governance.suspensions.queries import Target
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse, require
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class OrderRow(serializers.ModelSerializer[Order]):
    """An order."""

    class Meta:
        model = Order
        fields = (
            "id", "kind", "target_type", "target_id", "target_key", "reason", "limits", "given_by",
            "is_drill", "ordered_by", "ordered_at", "state", "resume_asked_by", "lifted_by",
            "confirmed_by", "lifted_at", "lift_reason", "row_version",
        )  # fmt: skip


class NewOrder(serializers.Serializer[Any]):
    """Stop or restrict, at once."""

    kind = serializers.ChoiceField(choices=OrderKind.choices)
    target_type = serializers.ChoiceField(choices=TargetType.choices)
    target_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    target_key = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=500,
        help_text="The name of a vendor or a base model, as versions name it in their manifests.",
    )  # fmt: skip
    reason = serializers.CharField()
    limits = serializers.CharField(required=False, default="", allow_blank=True)
    given_by = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    is_drill = serializers.BooleanField(required=False, default=False)


class NewResumption(serializers.Serializer[Any]):
    """Lift the order: root cause and test. A stop is lifted by the second officer who says so."""

    reason = serializers.CharField()


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
        "resumptions": Capability.RESUME,
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
