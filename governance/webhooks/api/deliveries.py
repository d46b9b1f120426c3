"""REST: what became of a webhook's messages, and sending them again."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.webhooks import queries, services
from governance.webhooks.models import Sending
from governance.webhooks.services.replaying import MOST
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, Door


class WebhookDeliveryRow(serializers.ModelSerializer[Sending]):
    """A message: how often it was tried, what came back last, and each of the last tries."""

    class Meta:
        model = Sending
        fields = (
            "id", "message_id", "seq", "kind", "state", "attempts", "claimed_at", "try_at",
            "sent_at", "status", "milliseconds", "error", "tries",
        )  # fmt: skip


class ReplayBody(serializers.Serializer[Any]):
    """From which entry on, from which moment on, or which messages: one of the three."""

    since_seq = serializers.IntegerField(min_value=0, required=False)
    since = serializers.DateTimeField(required=False)
    message_ids = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, max_length=MOST, required=False
    )


class ReplayAnswer(serializers.Serializer[Any]):
    """How many messages go out again. is_complete: else go on from last_seq."""

    count = serializers.IntegerField()
    last_seq = serializers.IntegerField()
    is_complete = serializers.BooleanField()


class WebhookDeliveryDoor(Door):
    """The messages of one webhook."""

    queryset = Sending.objects.all()
    row = WebhookDeliveryRow
    orderings: ClassVar[dict[str, str]] = {"claimed_at": "claimed_at"}
    default_ordering = "-claimed_at"
    filterset_fields = ("state", "kind", "seq", "message_id", "status")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "deliveries": Capability.MANAGE_CHANNELS,
        "replays": Capability.MANAGE_CHANNELS,
    }

    def visible(self) -> QuerySet[Sending]:
        """What the caller may see of the messages."""
        return queries.visible_sendings(self.request.user)

    @extend_schema(responses=WebhookDeliveryRow(many=True))
    def deliveries(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """A page of the log, the newest first; kept as long as the operators want it."""
        webhook = get_or_refuse(queries.visible_to(request.user), pk)
        rows = self.get_queryset().filter(subscription=webhook)
        return self.page(self.filter_queryset(rows))

    @extend_schema(request=ReplayBody, responses={201: ReplayAnswer})
    def replays(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """They go out again under the same message ids, a thousand at a time."""
        told = ReplayBody(data=request.data)
        told.is_valid(raise_exception=True)
        webhook = get_or_refuse(queries.visible_to(request.user), pk)
        done = services.replay(
            actor=request.user, subscription_id=webhook.pk, **told.validated_data
        )
        return Response(ReplayAnswer(done).data, status=201)
