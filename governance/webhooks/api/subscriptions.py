"""REST: webhooks are opened, changed, tried, given another secret, paused, closed."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.webhooks import queries, rules, services
from governance.webhooks.api.deliveries import WebhookDeliveryRow
from governance.webhooks.models import Subscription
from governance.webhooks.services import Changed, NewSubscription
from registry.core.people.models import LegalEntity
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.concurrency import expected_version
from registry.core.web.views import CallerRequest, ListDoor, present


class WebhookRow(serializers.ModelSerializer[Subscription]):
    """A webhook, without its address and secrets."""

    models = serializers.JSONField(source="of_models")
    last_sent_at = serializers.DateTimeField(source="pace.last_sent_at")
    failing_since = serializers.DateTimeField(source="pace.failing_since")
    rest_until = serializers.DateTimeField(source="pace.rest_until")

    class Meta:
        model = Subscription
        fields = (
            "id", "name", "description", "protocol", "entity", "types", "models", "host",
            "fingerprint", "previous_until", "state", "because", "opened_by", "opened_at",
            "from_seq", "last_sent_at", "failing_since", "rest_until", "row_version",
        )  # fmt: skip


def _types() -> serializers.ListField:
    child = serializers.CharField(max_length=80)
    return serializers.ListField(child=child, allow_empty=False, max_length=200)


def _models(**more: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.UUIDField(), max_length=200, **more)


class WebhookTold(serializers.Serializer[Any]):
    """Open a webhook. types: kinds of events, or beginnings (`release.*`, `*`).

    models: keys; of these alone; none: all. secret: `whsec_…`; left out, one is made up.
    """

    name = serializers.CharField(max_length=100)
    description = serializers.CharField(
        max_length=500, required=False, default="", allow_blank=True
    )
    address = serializers.CharField(max_length=2_000)
    types = _types()
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    models = _models(required=False, default=list, source="of_models")
    secret = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class WebhookChange(serializers.Serializer[Any]):
    """What is told is changed, the rest stays. secret: with an address, where the key that sealed
    the former is lost.
    """

    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    address = serializers.CharField(max_length=2_000, required=False)
    types = serializers.ListField(
        child=serializers.CharField(max_length=80),
        allow_empty=False,
        max_length=200,
        required=False,
    )
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all(), required=False)
    models = _models(required=False, source="of_models")
    secret = serializers.CharField(required=False, max_length=200)


class OpenedWebhook(WebhookRow):
    """The one answer that shows a secret that was made up."""

    secret = serializers.CharField(read_only=True)

    class Meta(WebhookRow.Meta):
        fields = (*WebhookRow.Meta.fields, "secret")  # type: ignore[assignment]  # one field more


class SecretTold(serializers.Serializer[Any]):
    """Another secret (left out, one is made up); for so many hours the former one signs too."""

    secret = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    overlap_hours = serializers.IntegerField(min_value=0, max_value=168, required=False, default=24)


class EventType(serializers.Serializer[Any]):
    """A kind of events, and the `type` that its CloudEvents have."""

    kind = serializers.CharField()
    type = serializers.CharField()


class EventTypes(serializers.Serializer[Any]):
    """All of them."""

    results = EventType(many=True)


class WebhookDoor(ListDoor):
    """Who outside is told of events."""

    queryset = Subscription.objects.all()
    row = WebhookRow
    orderings: ClassVar[dict[str, str]] = {"name": "name", "opened_at": "opened_at"}
    default_ordering = "name"
    filterset_fields = ("state", "protocol", "entity")
    needs_if_match = ("partial_update",)
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = dict.fromkeys(
        (
            "list", "retrieve", "create", "partial_update", "secrets", "tests", "pauses",
            "resumptions", "closings", "types",
        ),
        Capability.MANAGE_CHANNELS,
    )  # fmt: skip

    def visible(self) -> QuerySet[Subscription]:
        """The webhooks, for administrators of the whole institution."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=WebhookTold, responses={201: OpenedWebhook})
    def create(self, request: CallerRequest) -> Response:
        """It is told of what happens from now on; a made-up secret is shown this once."""
        told = WebhookTold(data=request.data)
        told.is_valid(raise_exception=True)
        row, secret = services.open_subscription(
            actor=request.user, told=NewSubscription(**told.validated_data)
        )
        return Response(WebhookRow(row).data | {"secret": secret}, status=201)

    @extend_schema(request=WebhookChange, responses=WebhookRow)
    def partial_update(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Name, events, scope or address are others."""
        told = WebhookChange(data=request.data)
        told.is_valid(raise_exception=True)
        webhook = get_or_refuse(self.get_queryset(), pk)
        row = services.change_subscription(
            actor=request.user,
            subscription_id=webhook.pk,
            told=Changed(**told.validated_data),
            expected_version=expected_version(request),
        )
        return present(row, WebhookRow, 200)

    @extend_schema(request=SecretTold, responses={201: OpenedWebhook})
    def secrets(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Another secret signs; a made-up one is shown this once."""
        told = SecretTold(data=request.data)
        told.is_valid(raise_exception=True)
        webhook = get_or_refuse(self.get_queryset(), pk)
        row, secret = services.rotate_secret(
            actor=request.user, subscription_id=webhook.pk, **told.validated_data
        )
        return Response(WebhookRow(row).data | {"secret": secret}, status=201)

    @extend_schema(request=None, responses={201: WebhookDeliveryRow})
    def tests(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """A test has been sent just now; the row tells what came back."""
        webhook = get_or_refuse(self.get_queryset(), pk)
        row, _answer = services.try_subscription(actor=request.user, subscription_id=webhook.pk)
        return Response(WebhookDeliveryRow(row).data, status=201)

    @extend_schema(request=None, responses={201: WebhookRow})
    def pauses(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Nothing goes there until it is resumed."""
        webhook = get_or_refuse(self.get_queryset(), pk)
        row = services.pause_subscription(actor=request.user, subscription_id=webhook.pk)
        return present(row, WebhookRow, 201)

    @extend_schema(request=None, responses={201: WebhookRow})
    def resumptions(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """What happened since it stopped is told."""
        webhook = get_or_refuse(self.get_queryset(), pk)
        row = services.resume_subscription(actor=request.user, subscription_id=webhook.pk)
        return present(row, WebhookRow, 201)

    @extend_schema(request=None, responses={201: WebhookRow})
    def closings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Nothing goes there any more, for good."""
        webhook = get_or_refuse(self.get_queryset(), pk)
        row = services.close_subscription(actor=request.user, subscription_id=webhook.pk)
        return present(row, WebhookRow, 201)

    @extend_schema(responses=EventTypes)
    def types(self, request: CallerRequest) -> Response:
        """The events that there are."""
        found = [{"kind": kind, "type": rules.event_type(kind)} for kind in queries.kinds()]
        return Response({"results": found})
