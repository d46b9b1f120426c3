"""REST: releases and deployments. Stages move at /releases/{id}/promotions/ (governance)."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.catalogue.queries import visible_versions
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.concurrency import expected_version
from registry.core.web.fields import ChoiceField, DigestField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.releases import queries, services
from registry.releases.models import Deployment, DeploymentRole, Environment, Release
from registry.usecases.queries import visible_uses


class ReleaseRow(serializers.ModelSerializer[Release]):
    """A release with its stage."""

    model = serializers.UUIDField(source="model_use.model_id", read_only=True)
    model_code = serializers.CharField(source="model_use.model.code", read_only=True)
    model_name = serializers.CharField(source="model_use.model.name_zh", read_only=True)
    tier = serializers.CharField(source="model_use.tier", read_only=True)
    version_label = serializers.CharField(source="version.label", read_only=True, allow_null=True)

    class Meta:
        model = Release
        fields = (
            "id", "code", "model", "model_code", "model_name", "model_use", "version",
            "version_label", "tier", "stage", "stage_since", "validation_conclusion",
            "explainability_level", "approved_digest", "approved_until", "row_version",
        )  # fmt: skip


class NewRelease(serializers.Serializer[Any]):
    """Open a release of a use, with or without a version yet."""

    model_use = serializers.UUIDField()
    version = serializers.UUIDField(required=False, allow_null=True, default=None)


class VersionChoice(serializers.Serializer[Any]):
    """The version that the release is of."""

    version = serializers.UUIDField()


class ReleaseDoor(ListDoor):
    """Releases: a version for a use."""

    queryset = Release.objects.all()
    row = ReleaseRow
    orderings: ClassVar[dict[str, str]] = {"stage_since": "stage_since", "code": "code"}
    default_ordering = "-stage_since"
    filterset_fields = ("code", "stage", "model_use", "version", "model_use__model")
    needs_if_match = ("partial_update",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.REGISTER,
        "partial_update": Capability.REGISTER_VERSION,
    }

    def visible(self) -> QuerySet[Release]:
        """The releases of the models that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewRelease, responses={201: ReleaseRow})
    def create(self, request: CallerRequest) -> Response:
        """The release exists at S0."""
        told = NewRelease(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        use = get_or_refuse(visible_uses(request.user), data["model_use"])
        version = (
            get_or_refuse(visible_versions(request.user), data["version"])
            if data["version"]
            else None
        )
        return once(
            request,
            lambda: present(
                services.open_release(actor=request.user, use=use, version=version),
                ReleaseRow,
                201,
            ),
        )

    @extend_schema(request=VersionChoice, responses=ReleaseRow)
    def partial_update(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The release is of this version; possible until validation begins."""
        told = VersionChoice(data=request.data)
        told.is_valid(raise_exception=True)
        release = get_or_refuse(self.get_queryset(), pk)
        version = get_or_refuse(visible_versions(request.user), told.validated_data["version"])
        row = services.attach_version(
            actor=request.user,
            release_id=release.pk,
            version=version,
            expected_version=expected_version(request),
        )
        return present(row, ReleaseRow, 200)


class DeploymentRow(serializers.ModelSerializer[Deployment]):
    """What runs where, since when."""

    class Meta:
        model = Deployment
        fields = (
            "id", "release", "environment", "digest", "endpoint", "role", "traffic_percent",
            "follows", "from_digest", "permit", "reference", "deployed_at", "reported_by",
            "row_version",
        )  # fmt: skip


class ReleaseKey(serializers.CharField):
    """A release, by its id or by its code (REL-2026-000001)."""

    def to_internal_value(self, data: Any) -> uuid.UUID | str:  # type: ignore[override]  # the id
        """The id, or the code as it stands."""
        told = str(super().to_internal_value(data))
        if told.startswith("REL-"):
            return told
        try:
            return uuid.UUID(told)
        except ValueError:
            raise serializers.ValidationError(_("Neither a release's id nor its code.")) from None


class NewDeployment(serializers.Serializer[Any]):
    """Report a deployment. from: the digest that ran there before; reference: yours, once each.

    role `off` with 0 percent: it was taken down; traffic_percent: the share of the traffic.
    """

    release = ReleaseKey(help_text="Its id, or its code: REL-2026-000001.")
    environment = ChoiceField(choices=Environment.choices)
    digest = DigestField()
    endpoint = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    role = ChoiceField(
        choices=DeploymentRole.choices, required=False, default=DeploymentRole.CHAMPION
    )
    traffic_percent = serializers.IntegerField(
        min_value=0, max_value=100, required=False, default=None, allow_null=True
    )
    from_digest = DigestField(required=False, default="", allow_blank=True)
    permit = serializers.UUIDField(required=False, allow_null=True, default=None)
    reference = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    deployed_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class BulkDeployments(serializers.Serializer[Any]):
    """Reports of one pipeline run: all are recorded, or none."""

    deployments = NewDeployment(  # type: ignore[call-arg]  # many=True makes a list
        many=True, allow_empty=False, max_length=services.MOST_AT_ONCE
    )


class DeploymentDoor(ListDoor):
    """Deployments as reported."""

    queryset = Deployment.objects.all()
    row = DeploymentRow
    orderings: ClassVar[dict[str, str]] = {"deployed_at": "deployed_at"}
    default_ordering = "-deployed_at"
    filterset_fields = (
        "release", "release__model_use", "environment", "digest", "endpoint", "role", "permit",
        "reported_by", "reference",
    )  # fmt: skip
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.REPORT_DEPLOYMENT,
        "bulk": Capability.REPORT_DEPLOYMENT,
    }

    def visible(self) -> QuerySet[Deployment]:
        """The deployments of the releases that the caller may see."""
        return queries.visible_deployments(self.request.user)

    @extend_schema(request=NewDeployment, responses={201: DeploymentRow})
    def create(self, request: CallerRequest) -> Response:
        """It is on record; a digest that is not the approved one restricts the release (BR-09)."""
        told = NewDeployment(data=request.data)
        told.is_valid(raise_exception=True)
        (one,) = self._told([told.validated_data])
        return once(
            request,
            lambda: present(
                services.record_deployments(actor=request.user, told=[one])[0], DeploymentRow, 201
            ),
        )

    @extend_schema(request=BulkDeployments, responses={201: DeploymentRow(many=True)})
    def bulk(self, request: CallerRequest) -> Response:
        """All are on record, or none; what was reported under its reference before stays one."""
        told = BulkDeployments(data=request.data)
        told.is_valid(raise_exception=True)
        every = self._told(told.validated_data["deployments"])

        def create() -> Response:
            rows = services.record_deployments(actor=request.user, told=every)
            return Response(DeploymentRow(rows, many=True).data, status=201)

        return once(request, create)

    def _told(self, told: list[dict[str, Any]]) -> list[services.Deployed]:  # Any: serializers'
        """The reports with their releases. Raises NotFound for one that the caller may not see."""
        rows = queries.whole(queries.visible_to(self.request.user))
        named = {one["release"] for one in told}
        keys = {one for one in named if isinstance(one, uuid.UUID)}
        known: dict[uuid.UUID | str, Release] = {}
        for row in rows.filter(Q(pk__in=keys) | Q(code__in=named - keys)):
            known |= {row.pk: row, row.code: row}
        found = []
        for one in told:
            release = known.get(one["release"]) or get_or_refuse(rows, one["release"])
            share = one["traffic_percent"]
            if share is None:
                share = 0 if one["role"] == DeploymentRole.OFF else 100
            found.append(
                services.Deployed(**(one | {"release": release, "traffic_percent": share}))
            )
        return found
