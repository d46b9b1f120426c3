"""REST: the inbox."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.notices import queries, services
from registry.core.notices.models import Notice
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, ListDoor


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
