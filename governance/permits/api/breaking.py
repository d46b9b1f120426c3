"""REST: permits that are given beforehand, for an emergency."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.permits import queries, services
from governance.permits.api.permits import PermitUseRow
from governance.permits.models import BreakGlass, PermitUse
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.releases.models import Environment
from registry.usecases.queries import visible_uses


class BreakGlassRow(serializers.ModelSerializer[BreakGlass]):
    """A request, its answer, and the permit that came of it. subject: what a step-up is for."""

    class Meta:
        model = BreakGlass
        fields = (
            "id", "code", "model_use", "environment", "days", "reason", "subject", "asked_by",
            "asked_at", "state", "answered_by", "answered_at", "answer", "permit", "row_version",
        )  # fmt: skip


class NewBreakGlass(serializers.Serializer[Any]):
    """For which use and environment glass may be broken, for how many days, and why."""

    use = serializers.UUIDField()
    environment = ChoiceField(choices=Environment.choices)
    days = serializers.IntegerField(min_value=1, max_value=90)
    reason = serializers.CharField(max_length=2_000)


class NewBreakGlassGift(serializers.Serializer[Any]):
    """A step-up of the second person, for the request's `subject`."""

    step_up = serializers.UUIDField(required=False, allow_null=True, default=None)


class NewBreakGlassRefusal(serializers.Serializer[Any]):
    """Why no glass is broken."""

    reason = serializers.CharField(max_length=2_000)


class BreakGlassDoor(ListDoor):
    """应急部署许可: model risk asks, another named person gives it."""

    queryset = BreakGlass.objects.all()
    row = BreakGlassRow
    orderings: ClassVar[dict[str, str]] = {"asked_at": "asked_at"}
    default_ordering = "-asked_at"
    filterset_fields = ("code", "model_use", "environment", "state")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.ASK_BREAK_GLASS,
        "confirmations": Capability.GIVE_BREAK_GLASS,
        "refusals": Capability.GIVE_BREAK_GLASS,
    }

    def visible(self) -> QuerySet[BreakGlass]:
        """The requests that the caller may see."""
        return queries.visible_break_glass(self.request.user)

    @extend_schema(request=NewBreakGlass, responses={201: BreakGlassRow})
    def create(self, request: CallerRequest) -> Response:
        """It is asked for; those who can give it are told."""
        told = NewBreakGlass(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        use = get_or_refuse(visible_uses(request.user), data.pop("use"))
        return once(
            request,
            lambda: present(
                services.ask_break_glass(actor=request.user, use_id=use.pk, **data),
                BreakGlassRow,
                201,
            ),
        )

    @extend_schema(request=NewBreakGlassGift, responses={201: BreakGlassRow})
    def confirmations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The break-glass permit exists, signed."""
        told = NewBreakGlassGift(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row):
            made = services.give_break_glass(
                actor=request.user, request_id=row.pk, step_up_id=told.validated_data["step_up"]
            )
        return present(made, BreakGlassRow, 201)

    @extend_schema(request=NewBreakGlassRefusal, responses={201: BreakGlassRow})
    def refusals(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """No glass is broken."""
        told = NewBreakGlassRefusal(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row):
            made = services.refuse_break_glass(
                actor=request.user, request_id=row.pk, **told.validated_data
            )
        return present(made, BreakGlassRow, 201)


class PermitUseDoor(ListDoor):
    """What was deployed by breaking glass."""

    queryset = PermitUse.objects.all()
    row = PermitUseRow
    orderings: ClassVar[dict[str, str]] = {"reported_at": "reported_at"}
    default_ordering = "-reported_at"
    filterset_fields = ("permit", "digest", "is_known", "is_late")
    capabilities: ClassVar[dict[str, Capability]] = {"list": Capability.READ}

    def visible(self) -> QuerySet[PermitUse]:
        """What was told of the permits that the caller may see."""
        return queries.visible_uses(self.request.user)
