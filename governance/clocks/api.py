"""REST: legal clocks."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.clocks import queries, services
from governance.clocks.models import Clock
from registry.core.ledger.services import refusals_recorded
from registry.core.people.models import LegalEntity
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.releases.queries import visible_to as visible_releases
from registry.releases.queries import whole as whole_releases


class ClockRow(serializers.ModelSerializer[Clock]):
    """A legal clock: when it started, until when it runs, what shows that it was in time."""

    class Meta:
        model = Clock
        fields = (
            "id", "code", "kind", "pack", "entity", "release", "reason", "event_at", "started_at",
            "started_by", "due_at", "state", "completed_at", "ended_by", "receipt", "document",
            "note", "row_version",
        )  # fmt: skip


class NewClock(serializers.Serializer[Any]):
    """Something has happened that starts a clock: of a release, or of an entity."""

    kind = serializers.CharField(max_length=64)
    event_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=2_000)
    release = serializers.UUIDField(required=False, allow_null=True, default=None)
    entity = serializers.PrimaryKeyRelatedField(
        queryset=LegalEntity.objects.all(), required=False, allow_null=True, default=None
    )


class NewCompletion(serializers.Serializer[Any]):
    """It was done, and what shows it."""

    receipt = serializers.CharField(max_length=200)
    completed_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    document = serializers.UUIDField(required=False, allow_null=True, default=None)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2_000)


class NewWithdrawal(serializers.Serializer[Any]):
    """Why the clock was started in error."""

    note = serializers.CharField(max_length=2_000)


class ClockDoor(ListDoor):
    """法定时限: what the law wants, until when."""

    queryset = Clock.objects.all()
    row = ClockRow
    orderings: ClassVar[dict[str, str]] = {"due_at": "due_at", "event_at": "event_at"}
    default_ordering = "due_at"
    filterset_fields = ("kind", "state", "release", "entity")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.KEEP_CLOCKS,
        "completions": Capability.KEEP_CLOCKS,
        "withdrawals": Capability.MANAGE_POLICY,
    }

    def visible(self) -> QuerySet[Clock]:
        """The clocks that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewClock, responses={201: ClockRow})
    def create(self, request: CallerRequest) -> Response:
        """The clock runs from its event on."""
        told = NewClock(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        if data["release"] is not None:
            found = whole_releases(visible_releases(request.user))
            data["release"] = get_or_refuse(found, data["release"])
        return once(
            request,
            lambda: present(services.start(actor=request.user, **data), ClockRow, 201),
        )

    @extend_schema(request=NewCompletion, responses={201: ClockRow})
    def completions(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It was done; late stays late."""
        told = NewCompletion(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        data = dict(told.validated_data)
        with refusals_recorded(request.user, row):
            done = services.complete(
                actor=request.user, clock_id=row.pk, document_id=data.pop("document"), **data
            )
        return present(done, ClockRow, 201)

    @extend_schema(request=NewWithdrawal, responses={201: ClockRow})
    def withdrawals(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It was started in error."""
        told = NewWithdrawal(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row):
            done = services.withdraw(actor=request.user, clock_id=row.pk, **told.validated_data)
        return present(done, ClockRow, 201)
