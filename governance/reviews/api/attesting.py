"""REST: attestation campaigns, and forecasts of the work."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.reviews import services
from governance.reviews.api.reviewing import ReviewRow
from governance.reviews.models import Campaign
from governance.reviews.queries import attesting
from registry.core.jobs.api import JobRow
from registry.core.ledger.services import refusals_recorded
from registry.core.people.models import LegalEntity
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door, ListDoor, present


class CampaignRow(serializers.ModelSerializer[Campaign]):
    """An attestation campaign."""

    class Meta:
        model = Campaign
        fields = (
            "id", "code", "title", "kind", "entity", "due_on", "opened_by", "state", "closed_on",
            "row_version",
        )  # fmt: skip


class NewCampaign(serializers.Serializer[Any]):
    """Open a campaign for the live releases of an entity and below."""

    title = serializers.CharField(max_length=200)
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    due_on = serializers.DateField()


class ManyRows(serializers.Serializer[Any]):
    """Rows of a campaign, by the keys of their reviews."""

    reviews = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=50)


class Confirmation(ManyRows):
    """The owner's word about rows. note: left out, that they are right."""

    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2_000)


class ProgressRow(serializers.Serializer[Any]):
    """How far a department is."""

    department = serializers.UUIDField(source="department.pk", allow_null=True, default=None)
    total = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    excepted = serializers.IntegerField()
    waiting = serializers.IntegerField()
    signed = serializers.IntegerField()
    percent = serializers.IntegerField()


class ForecastDoor(Door):
    """What a policy pack would make of work."""

    queryset = PackRelease.objects.none()
    row = JobRow
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"forecasts": Capability.MANAGE_POLICY}

    def visible(self) -> QuerySet[PackRelease]:
        """The packs that the caller may see."""
        return policy.visible_to(self.request.user)

    @extend_schema(request=None, responses={202: JobRow})
    def forecasts(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The reviews of a year by person and month are worked out; poll /jobs/{id}/."""
        pack = get_or_refuse(self.get_queryset(), pk)
        job = services.request_forecast(actor=request.user, pack_id=pack.pk)
        return Response(JobRow(job).data, status=202)


class CampaignDoor(ListDoor):
    """台账确认: owners confirm their rows until a day."""

    queryset = Campaign.objects.all()
    row = CampaignRow
    orderings: ClassVar[dict[str, str]] = {"due_on": "due_on"}
    default_ordering = "-due_on"
    filterset_fields = ("state", "entity", "kind")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "progress": Capability.READ,
        "create": Capability.PLAN_REVIEW,
        "confirmations": Capability.REVIEW,
        "sign_offs": Capability.SIGN_REVIEW,
        "closings": Capability.PLAN_REVIEW,
    }

    def visible(self) -> QuerySet[Campaign]:
        """The campaigns that the caller may see."""
        return attesting.visible_campaigns(self.request.user)

    @extend_schema(request=NewCampaign, responses={201: CampaignRow})
    def create(self, request: CallerRequest) -> Response:
        """The campaign is open; its rows are called for in the background."""
        told = NewCampaign(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request,
            lambda: present(
                services.open_campaign(actor=request.user, **told.validated_data),
                CampaignRow,
                201,
            ),
        )

    @extend_schema(responses={200: ProgressRow(many=True)})
    def progress(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """How far each department is."""
        campaign = get_or_refuse(self.get_queryset(), pk)
        rows = attesting.progress(campaign, request.user)
        return Response(ProgressRow(rows, many=True).data)

    @extend_schema(request=Confirmation, responses={201: ReviewRow(many=True)})
    def confirmations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The owner confirms rows: all of them or none."""
        told = Confirmation(data=request.data)
        told.is_valid(raise_exception=True)
        campaign = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, campaign):
            rows = services.confirm(
                actor=request.user,
                campaign_id=campaign.pk,
                review_ids=told.validated_data["reviews"],
                note=told.validated_data["note"],
            )
        return Response(ReviewRow(rows, many=True).data, status=201)

    @extend_schema(request=ManyRows, responses={201: ReviewRow(many=True)})
    def sign_offs(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Another person signs confirmed rows: all of them or none."""
        told = ManyRows(data=request.data)
        told.is_valid(raise_exception=True)
        campaign = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, campaign):
            rows = services.sign_off_many(
                actor=request.user,
                campaign_id=campaign.pk,
                review_ids=told.validated_data["reviews"],
            )
        return Response(ReviewRow(rows, many=True).data, status=201)

    @extend_schema(request=None, responses={201: CampaignRow})
    def closings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The campaign ends; what nobody has confirmed becomes a finding."""
        campaign = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, campaign):
            row = services.close_campaign(actor=request.user, campaign_id=campaign.pk)
        return present(row, CampaignRow, 201)
