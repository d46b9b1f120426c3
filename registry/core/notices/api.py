"""REST: the inbox, and the ways on which it leaves the house."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.notices import queries, services
from registry.core.notices.models import KINDS, Channel, Delivery, Notice, WayChoice
from registry.core.people.models import LegalEntity
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.views import CallerRequest, Door, ListDoor, present


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
    """A digest of a day, or a notice over a channel: whether it went out, and why not."""

    class Meta:
        model = Delivery
        fields = (
            "id", "user", "channel", "notice", "action", "day", "state", "attempts", "try_at",
            "sent_at", "error",
        )  # fmt: skip


class DeliveryDoor(Door):
    """The log of what went out: one's own digests, for administrators everything."""

    queryset = Delivery.objects.all()
    row = DeliveryRow
    orderings: ClassVar[dict[str, str]] = {"day": "day"}
    default_ordering = "-day"
    filterset_fields = ("user", "channel", "action", "state", "day")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"list": Capability.READ}

    def visible(self) -> QuerySet[Delivery]:
        """The deliveries that the caller may see."""
        return queries.visible_deliveries(self.request.user)

    def list(self, request: CallerRequest) -> Response:
        """A page of them, the newest day first."""
        return self.page(self.filter_queryset(self.get_queryset()))


class ChannelRow(serializers.ModelSerializer[Channel]):
    """A channel, without its address and secret."""

    class Meta:
        model = Channel
        fields = (
            "id", "name", "way", "entity", "kinds", "language", "host", "fingerprint",
            "is_open", "opened_at", "row_version",
        )  # fmt: skip


class Retried(serializers.Serializer[Any]):
    """How many deliveries are tried again."""

    retried = serializers.IntegerField()


class ChannelTold(serializers.Serializer[Any]):
    """Open a channel. secret: left out for a webhook or a to-do list, one is made up."""

    name = serializers.CharField(max_length=100)
    way = ChoiceField(choices=WayChoice.choices)
    address = serializers.CharField(max_length=2_000)
    kinds = serializers.ListField(
        child=ChoiceField(choices=KINDS), allow_empty=False, max_length=len(KINDS)
    )
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    secret = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    language = ChoiceField(choices=settings.LANGUAGES, default="zh-hans")


class OpenedChannel(ChannelRow):
    """The one answer that shows a secret that was made up."""

    secret = serializers.CharField(read_only=True)

    class Meta(ChannelRow.Meta):
        fields = (*ChannelRow.Meta.fields, "secret")  # type: ignore[assignment]  # one field more


class ChannelDoor(ListDoor):
    """Ways out of the house besides mail: robots, signed webhooks, to-do lists."""

    queryset = Channel.objects.all()
    row = ChannelRow
    orderings: ClassVar[dict[str, str]] = {"name": "name"}
    default_ordering = "name"
    filterset_fields = ("way", "is_open")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.MANAGE_CHANNELS,
        "retrieve": Capability.MANAGE_CHANNELS,
        "create": Capability.MANAGE_CHANNELS,
        "endings": Capability.MANAGE_CHANNELS,
        "tests": Capability.MANAGE_CHANNELS,
        "retries": Capability.MANAGE_CHANNELS,
    }

    def visible(self) -> QuerySet[Channel]:
        """The channels, for administrators of the whole institution."""
        return queries.visible_channels(self.request.user)

    @extend_schema(request=ChannelTold, responses={201: OpenedChannel})
    def create(self, request: CallerRequest) -> Response:
        """The channel is open; a secret that was made up is shown this once."""
        told = ChannelTold(data=request.data)
        told.is_valid(raise_exception=True)
        row, secret = services.open_channel(
            actor=request.user, told=services.NewChannel(**told.validated_data)
        )
        return Response(ChannelRow(row).data | {"secret": secret}, status=201)

    @extend_schema(request=None, responses={201: ChannelRow})
    def endings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Nothing more goes there."""
        channel = get_or_refuse(self.get_queryset(), pk)
        row = services.close_channel(actor=request.user, channel_id=channel.pk)
        return present(row, ChannelRow, 201)

    @extend_schema(request=None, responses={201: DeliveryRow})
    def tests(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """A test message is on its way."""
        channel = get_or_refuse(self.get_queryset(), pk)
        row = services.try_channel(actor=request.user, channel_id=channel.pk)
        return present(row, DeliveryRow, 201)

    @extend_schema(request=None, responses={200: Retried})
    def retries(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """What has failed there is tried again."""
        channel = get_or_refuse(self.get_queryset(), pk)
        return Response(
            {"retried": services.retry_failed(actor=request.user, channel_id=channel.pk)}
        )
