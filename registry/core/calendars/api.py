"""REST: arrangements of working days."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.calendars import queries, rules, services
from registry.core.calendars.models import Arrangement
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class ArrangementRow(serializers.ModelSerializer[Arrangement]):
    """A year's days that are off or worked, whatever the law would say."""

    class Meta:
        model = Arrangement
        fields = (
            "id", "country", "year", "source", "days_off", "worked_days", "is_published",
            "proposal", "proposed_by", "confirmed_by", "row_version",
        )  # fmt: skip


class NewArrangement(serializers.Serializer[Any]):
    """Record a year's arrangement; what was recorded for the year before is replaced."""

    country = serializers.RegexField(r"^[A-Z]{2}$")
    year = serializers.IntegerField(min_value=rules.FIRST_YEAR, max_value=rules.LAST_YEAR)
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]  # a column
    days_off = serializers.ListField(child=serializers.DateField(), max_length=366, default=list)
    worked_days = serializers.ListField(child=serializers.DateField(), max_length=366, default=list)
    is_published = serializers.BooleanField(default=True)


class ArrangementDoor(ListDoor):
    """What was recorded about working days besides what the law says."""

    queryset = Arrangement.objects.all()
    row = ArrangementRow
    orderings: ClassVar[dict[str, str]] = {"year": "year"}
    default_ordering = "year"
    filterset_fields = ("country", "year")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.MANAGE_POLICY,
        "confirmations": Capability.MANAGE_POLICY,
        "rejections": Capability.MANAGE_POLICY,
    }

    def visible(self) -> QuerySet[Arrangement]:
        """Working days are no secret."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewArrangement, responses={201: ArrangementRow})
    def create(self, request: CallerRequest) -> Response:
        """The year's days are off or worked as told; a published year's once another confirms."""
        told = NewArrangement(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request,
            lambda: present(
                services.arrange(actor=request.user, **told.validated_data), ArrangementRow, 201
            ),
        )

    @extend_schema(request=None, responses={201: ArrangementRow})
    def confirmations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The proposed days count from now on; by another person than proposed them."""
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row):
            done = services.confirm(actor=request.user, arrangement_id=row.pk)
        return present(done, ArrangementRow, 201)

    @extend_schema(request=None, responses={201: ArrangementRow})
    def rejections(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The proposed days are not taken over."""
        row = get_or_refuse(self.get_queryset(), pk)
        done = services.drop(actor=request.user, arrangement_id=row.pk)
        return present(done, ArrangementRow, 201)
