"""REST: the inbox."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.notices import queries, services
from registry.core.notices.models import Delivery, Notice
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, Door, ListDoor


class NoticeRow(serializers.ModelSerializer[Notice]):
    """One line of the inbox."""

    class Meta:
        model = Notice
        fields = ("id", "kind", "text_zh", "text_en", "link", "sent_at", "read_at")


class NoticeDoor(ListDoor):
    """The caller's inbox."""

    queryset = Notice.objects.all()
    row = NoticeRow
    orderings: ClassVar[dict[str, str]] = {"sent_at": "sent_at"}
    default_ordering = "-sent_at"
    filterset_fields = ("kind",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "readings": Capability.READ,
    }

    def visible(self) -> QuerySet[Notice]:
        """One's own notices."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=None, responses={204: None})
    def readings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The notice is marked as read."""
        notice = get_or_refuse(self.get_queryset(), pk)
        services.read(actor=request.user, notice_id=notice.pk)
        return Response(status=204)


class DeliveryRow(serializers.ModelSerializer[Delivery]):
    """A digest of a day: whether it went out, and why not."""

    class Meta:
        model = Delivery
        fields = ("id", "user", "channel", "day", "state", "attempts", "try_at", "sent_at", "error")


class DeliveryDoor(Door):
    """The log of what went out by mail: one's own, for administrators everybody's."""

    queryset = Delivery.objects.all()
    row = DeliveryRow
    orderings: ClassVar[dict[str, str]] = {"day": "day"}
    default_ordering = "-day"
    filterset_fields = ("user", "state", "day")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"list": Capability.READ}

    def visible(self) -> QuerySet[Delivery]:
        """The deliveries that the caller may see."""
        return queries.visible_deliveries(self.request.user)

    def list(self, request: CallerRequest) -> Response:
        """A page of them, the newest day first."""
        return self.page(self.filter_queryset(self.get_queryset()))
