"""REST: the systems that enforce stops, and what they have said."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.suspensions import queries, services
from governance.suspensions.api.orders import AcknowledgementRow
from governance.suspensions.models import Acknowledgement, Consumer
from governance.suspensions.services import NewConsumer
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, ListDoor, present


class ConsumerRow(serializers.ModelSerializer[Consumer]):
    """A system that enforces stops; of its webhook the host alone is shown."""

    class Meta:
        model = Consumer
        fields = ("id", "name", "user", "entity", "host", "is_open", "opened_at", "row_version")


class OpenedConsumer(ConsumerRow):
    """The one answer that shows a secret that was made up."""

    secret = serializers.CharField(read_only=True)

    class Meta(ConsumerRow.Meta):
        fields = (*ConsumerRow.Meta.fields, "secret")  # type: ignore[assignment]  # one field more


class NewConsumerBody(serializers.Serializer[Any]):
    """A machine account that enforces stops in the entity and below; its webhook, if it has one."""

    name = serializers.CharField(max_length=100)
    user = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(kind="machine"))
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    address = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    secret = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class ConsumerDoor(ListDoor):
    """执行方: who enforces stops."""

    queryset = Consumer.objects.all()
    row = ConsumerRow
    orderings: ClassVar[dict[str, str]] = {"name": "name", "opened_at": "opened_at"}
    default_ordering = "name"
    filterset_fields = ("entity", "is_open", "user")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.MANAGE_CHANNELS,
        "closings": Capability.MANAGE_CHANNELS,
    }

    def visible(self) -> QuerySet[Consumer]:
        """Those of the entities within the caller's reach."""
        return queries.visible_consumers(self.request.user)

    @extend_schema(request=NewConsumerBody, responses={201: OpenedConsumer})
    def create(self, request: CallerRequest) -> Response:
        """It is told of stops from now on; a made-up secret is shown this once."""
        told = NewConsumerBody(data=request.data)
        told.is_valid(raise_exception=True)
        new = NewConsumer(**told.validated_data)
        row, secret = services.open_consumer(actor=request.user, told=new)
        return Response(ConsumerRow(row).data | {"secret": secret}, status=201)

    @extend_schema(request=None, responses={201: ConsumerRow})
    def closings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It enforces nothing any more."""
        row = get_or_refuse(self.get_queryset(), pk)
        done = services.close_consumer(actor=request.user, consumer_id=row.pk)
        return present(done, ConsumerRow, 201)


class AcknowledgementDoor(ListDoor):
    """What the enforcing systems have said of the orders."""

    queryset = Acknowledgement.objects.all()
    row = AcknowledgementRow
    orderings: ClassVar[dict[str, str]] = {"received_at": "received_at"}
    default_ordering = "-received_at"
    filterset_fields = ("order", "consumer", "action")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[Acknowledgement]:
        """Those of the orders that the caller may see."""
        return queries.visible_acknowledgements(self.request.user)


__all__ = ["AcknowledgementDoor", "ConsumerDoor"]
