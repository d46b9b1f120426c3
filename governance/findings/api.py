"""REST: findings and waivers."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.findings import queries, services
from governance.findings.models import Finding, Severity, Waiver
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.releases.queries import visible_to as visible_releases


class FindingRow(serializers.ModelSerializer[Finding]):
    """A finding."""

    class Meta:
        model = Finding
        fields = (
            "id", "release", "severity", "title", "detail", "raised_by", "raised_at", "state",
            "plan", "due_on", "closed_by", "closed_note", "row_version",
        )  # fmt: skip


class NewFinding(serializers.Serializer[Any]):
    """Raise a finding."""

    release = serializers.UUIDField()
    severity = ChoiceField(choices=Severity.choices)
    title = serializers.CharField(max_length=200)
    detail = serializers.CharField(required=False, default="", allow_blank=True)


class NewPlan(serializers.Serializer[Any]):
    """A dated plan."""

    plan = serializers.CharField()
    due_on = serializers.DateField()


class NewClosing(serializers.Serializer[Any]):
    """How it was mended."""

    note = serializers.CharField()


class FindingDoor(ListDoor):
    """整改: findings."""

    queryset = Finding.objects.all()
    row = FindingRow
    orderings: ClassVar[dict[str, str]] = {"raised_at": "raised_at", "due_on": "due_on"}
    default_ordering = "-raised_at"
    filterset_fields = ("release", "severity", "state")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.RAISE_FINDING,
        "plans": Capability.REGISTER,
        "closings": Capability.OVERRIDE_GRADE,
    }

    def visible(self) -> QuerySet[Finding]:
        """The findings that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewFinding, responses={201: FindingRow})
    def create(self, request: CallerRequest) -> Response:
        """There is an open finding."""
        told = NewFinding(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        release = get_or_refuse(visible_releases(request.user), data.pop("release"))
        return once(
            request,
            lambda: present(
                services.raise_finding(actor=request.user, release_id=release.pk, **data),
                FindingRow,
                201,
            ),
        )

    @extend_schema(request=NewPlan, responses={201: FindingRow})
    def plans(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The finding has a dated plan."""
        told = NewPlan(data=request.data)
        told.is_valid(raise_exception=True)
        finding = get_or_refuse(self.get_queryset(), pk)
        row = services.plan_finding(
            actor=request.user, finding_id=finding.pk, **told.validated_data
        )
        return present(row, FindingRow, 201)

    @extend_schema(request=NewClosing, responses={201: FindingRow})
    def closings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The second line has confirmed that it is mended."""
        told = NewClosing(data=request.data)
        told.is_valid(raise_exception=True)
        finding = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, finding):
            row = services.close_finding(
                actor=request.user, finding_id=finding.pk, **told.validated_data
            )
        return present(row, FindingRow, 201)


class WaiverRow(serializers.ModelSerializer[Waiver]):
    """A dated exception from a requirement."""

    class Meta:
        model = Waiver
        fields = (
            "id", "release", "requirement", "reason", "compensating_measures", "requested_by",
            "requested_at", "granted_by", "expires_on", "state", "row_version",
        )  # fmt: skip


class WaiverAnswer(serializers.Serializer[Any]):
    """Grant or refuse."""

    grant = serializers.BooleanField()


class WaiverDoor(ListDoor):
    """例外审批: waivers are asked for at /releases/{id}/waivers/ and answered here."""

    queryset = Waiver.objects.all()
    row = WaiverRow
    orderings: ClassVar[dict[str, str]] = {"requested_at": "requested_at"}
    default_ordering = "-requested_at"
    filterset_fields = ("release", "requirement", "state")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "answers": Capability.WAIVE,
    }

    def visible(self) -> QuerySet[Waiver]:
        """The waivers that the caller may see."""
        return queries.visible_waivers(self.request.user)

    @extend_schema(request=WaiverAnswer, responses={201: WaiverRow})
    def answers(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The waiver is granted or refused."""
        told = WaiverAnswer(data=request.data)
        told.is_valid(raise_exception=True)
        waiver = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, waiver):
            row = services.answer_waiver(
                actor=request.user, waiver_id=waiver.pk, **told.validated_data
            )
        return present(row, WaiverRow, 201)
