"""REST: sources, their scans, and the differences that people answer."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from registry.catalogue.queries import visible_to as visible_models
from registry.catalogue.queries import visible_versions
from registry.core.jobs.api import JobRow
from registry.core.people.authentication import BearerAuthentication, BrowserSession, SignedIn
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import get_or_refuse, system
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.parsing import is_uuid
from registry.core.web.views import CallerRequest, Door, ListDoor, present
from registry.discovery import queries, services
from registry.discovery.models import Scan, Sighting, Source, SourceKind
from registry.discovery.services import NewSource
from registry.releases.models import Environment


class SourceRow(serializers.ModelSerializer[Source]):
    """A source, without its address and credentials."""

    class Meta:
        model = Source
        fields = (
            "id", "name", "kind", "entity", "environment", "words", "scope", "host",
            "fingerprint", "is_open", "opened_at", "row_version",
        )  # fmt: skip


class OpenedSource(SourceRow):
    """The one answer that shows the secret of the source's webhooks."""

    secret = serializers.CharField(read_only=True)

    class Meta(SourceRow.Meta):
        fields = (*SourceRow.Meta.fields, "secret")  # type: ignore[assignment]  # one field more


class SourceTold(serializers.Serializer[Any]):
    """Open a source. words: its stages and aliases that mean `runs there`; left out, the usual."""

    name = serializers.CharField(max_length=100)
    kind = ChoiceField(choices=SourceKind.choices)
    address = serializers.CharField(max_length=2_000)
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    environment = ChoiceField(choices=Environment.choices)
    token = serializers.CharField(required=False, default="", allow_blank=True, max_length=4_000)
    scope = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    words = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, default=None, allow_null=True,
        max_length=20,
    )  # fmt: skip


class Renewal(serializers.Serializer[Any]):
    """Another address or token."""

    address = serializers.CharField(max_length=2_000)
    token = serializers.CharField(required=False, default="", allow_blank=True, max_length=4_000)


class SourceDoor(ListDoor):
    """Systems that hold or run models, and are looked at."""

    queryset = Source.objects.all()
    row = SourceRow
    orderings: ClassVar[dict[str, str]] = {"name": "name"}
    default_ordering = "name"
    filterset_fields = ("kind", "entity", "environment", "is_open")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.MANAGE_SOURCES,
        "renewals": Capability.MANAGE_SOURCES,
        "endings": Capability.MANAGE_SOURCES,
        "scans": Capability.SCAN_SOURCES,
    }

    def visible(self) -> QuerySet[Source]:
        """The sources within the caller's reach."""
        return queries.visible_sources(self.request.user)

    @extend_schema(request=SourceTold, responses={201: OpenedSource})
    def create(self, request: CallerRequest) -> Response:
        """The source is looked at from now on."""
        told = SourceTold(data=request.data)
        told.is_valid(raise_exception=True)
        row, secret = services.open_source(
            actor=request.user, told=NewSource(**told.validated_data)
        )
        row.secret = secret  # type: ignore[attr-defined]  # for this one answer
        return present(row, OpenedSource, 201)

    @extend_schema(request=Renewal, responses={201: SourceRow})
    def renewals(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It is read at this address with this token."""
        told = Renewal(data=request.data)
        told.is_valid(raise_exception=True)
        source = get_or_refuse(self.get_queryset(), pk)
        row = services.renew_source(actor=request.user, source_id=source.pk, **told.validated_data)
        return present(row, SourceRow, 201)

    @extend_schema(request=None, responses={201: SourceRow})
    def endings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It is looked at no more."""
        source = get_or_refuse(self.get_queryset(), pk)
        row = services.close_source(actor=request.user, source_id=source.pk)
        return present(row, SourceRow, 201)

    @extend_schema(request=None, responses={202: JobRow})
    def scans(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """A job looks at it now; its progress stands at /jobs/{id}/."""
        source = get_or_refuse(self.get_queryset().select_related("entity"), pk)
        job = services.request_scan(actor=request.user, source=source)
        return Response(JobRow(job).data, status=202)


class SignedBySource(BaseAuthentication):
    """MLflow's signed webhooks: the source itself calls, and says nothing that is believed."""

    def authenticate(self, request: Request) -> tuple[User, Source] | None:
        """The system, for the source that has signed the body; None for everybody else."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        key = str((request.parser_context or {}).get("kwargs", {}).get("pk", ""))
        if "x-mlflow-signature" not in headers or not is_uuid(key):
            return None
        body = request._request.body
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        source = Source.objects.filter(pk=key).first()
        if source is None or not services.asked_by_webhook(source, headers, body):
            return None
        return system(), source


class SignedBySourceScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its hook
    """What OpenAPI says of it."""

    target_class = "registry.discovery.api.SignedBySource"
    name = "signed_by_source"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # Any: DRF's signature
        """MLflow's signature in a header."""
        return {"type": "apiKey", "in": "header", "name": "X-MLflow-Signature"}


class SignedOrPermitted(SignedIn):
    """The source by its signature, or somebody whose button it is."""

    def has_permission(self, request: Request, view: Any) -> bool:  # Any: DRF's signature
        """Raises Forbidden naming the capability where the button does not exist."""
        return isinstance(request.auth, Source) or super().has_permission(request, view)


class SourceEventDoor(Door):
    """Where a source says that something has changed there: it is looked at, soon."""

    queryset = Source.objects.all()
    row = SourceRow
    authentication_classes = (BearerAuthentication, BrowserSession, SignedBySource)
    permission_classes = (SignedOrPermitted,)
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"create": Capability.SCAN_SOURCES}

    def visible(self) -> QuerySet[Source]:
        """The source that has signed; else the sources within the caller's reach."""
        if isinstance(self.request.auth, Source):
            return queries.only(self.request.auth)
        return queries.visible_sources(self.request.user)

    @extend_schema(request=OpenApiTypes.OBJECT, responses={202: None})
    def create(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It is looked at within minutes, once however often it calls. The body is not read."""
        source = get_or_refuse(self.get_queryset().filter(is_open=True), pk)
        services.wake(source=source)
        return Response(status=202)


class ScanRow(serializers.ModelSerializer[Scan]):
    """One look at a source."""

    class Meta:
        model = Scan
        fields = (
            "id", "source", "state", "reason", "is_whole", "asked_by", "asked_at", "started_at",
            "ended_at", "seen", "matched", "opened", "gone", "trouble", "detail",
        )  # fmt: skip


class ScanDoor(ListDoor):
    """When sources were looked at, and what came of it."""

    queryset = Scan.objects.all()
    row = ScanRow
    orderings: ClassVar[dict[str, str]] = {"asked_at": "asked_at"}
    default_ordering = "-asked_at"
    filterset_fields = ("source", "state", "reason", "is_whole", "trouble")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[Scan]:
        """The scans of the sources within the caller's reach."""
        return queries.visible_scans(self.request.user)


class SightingRow(serializers.ModelSerializer[Sighting]):
    """A difference between what a source shows and what the register says."""

    source_name = serializers.CharField(source="source.name", read_only=True)
    url = serializers.CharField(source="seen.url", read_only=True, allow_null=True)
    words = serializers.ListField(
        source="seen.words", child=serializers.CharField(), read_only=True, allow_null=True
    )
    last_seen = serializers.DateTimeField(source="seen.last_seen", read_only=True, allow_null=True)

    class Meta:
        model = Sighting
        fields = (
            "id", "source", "source_name", "kind", "name", "version", "digest", "environment",
            "endpoint", "expected", "url", "words", "model", "release", "deployment", "state",
            "first_seen", "last_seen", "state_since", "decided_by", "reason", "comes_back_on",
            "row_version",
        )  # fmt: skip


class Acceptance(serializers.Serializer[Any]):
    """With a model: the name is that model's, with a version, what was seen is that version.

    Without: what was seen is so (what is missing has ended, another version is deployed).
    """

    model = serializers.UUIDField(required=False, allow_null=True, default=None)
    version = serializers.UUIDField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=2_000)


class Dismissal(serializers.Serializer[Any]):
    """Why it does not matter; until: the day on which it comes back."""

    reason = serializers.CharField(max_length=2_000)
    until = serializers.DateField(required=False, allow_null=True, default=None)


class SightingDoor(ListDoor):
    """Differences found in other systems, and people's answers."""

    queryset = Sighting.objects.all()
    row = SightingRow
    orderings: ClassVar[dict[str, str]] = {"state_since": "state_since"}
    default_ordering = "-state_since"
    filterset_fields = ("source", "kind", "state", "name", "environment", "model", "release")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "acceptances": Capability.ANSWER_SIGHTINGS,
        "dismissals": Capability.ANSWER_SIGHTINGS,
    }

    def visible(self) -> QuerySet[Sighting]:
        """The differences that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=Acceptance, responses={201: SightingRow})
    def acceptances(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """What was seen is so, and the register says it from now on."""
        told = Acceptance(data=request.data)
        told.is_valid(raise_exception=True)
        data, row = told.validated_data, get_or_refuse(self.get_queryset(), pk)
        if data["model"] is None:
            found = services.accept(actor=request.user, sighting_id=row.pk, reason=data["reason"])
        else:
            version = data["version"]
            found = services.link(
                actor=request.user,
                sighting_id=row.pk,
                model=get_or_refuse(visible_models(request.user), data["model"]),
                version=get_or_refuse(visible_versions(request.user), version) if version else None,
                reason=data["reason"],
            )
        return present(found, SightingRow, 201)

    @extend_schema(request=Dismissal, responses={201: SightingRow})
    def dismissals(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It does not matter, until the day or until it changes."""
        told = Dismissal(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        found = services.dismiss(actor=request.user, sighting_id=row.pk, **told.validated_data)
        return present(found, SightingRow, 201)
