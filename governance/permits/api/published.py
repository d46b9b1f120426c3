"""REST: what verifiers fetch: the public keys, and the signed list of revoked permits."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.permits import services
from governance.permits.api.permits import PermitEnvelope
from governance.permits.models import Permit
from governance.suspensions.rules import is_known
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, Door


class PermitKeys(serializers.Serializer[Any]):
    """A JSON Web Key Set (RFC 7517): P-256 keys with `nbf`, the older ones with `exp`."""

    keys = serializers.ListField(child=serializers.DictField())


class PermitKeysDoor(Door):
    """The keys by which permits are verified: fetch them once, over another way than permits."""

    row = PermitKeys
    capabilities: ClassVar[dict[str, Capability]] = {"keys": Capability.READ}

    def visible(self) -> QuerySet[Permit]:
        """Nothing: the keys are one set for all."""
        return Permit.objects.none()

    @extend_schema(responses=PermitKeys)
    def keys(self, request: CallerRequest) -> Response:
        """The current key first, then the older ones with the end of their time."""
        return Response(services.jwks())


class PermitRevocationsDoor(Door):
    """许可撤销清单: the permits that would hold, had they not been revoked; by code alone."""

    row = PermitEnvelope
    capabilities: ClassVar[dict[str, Capability]] = {"current": Capability.READ}

    def visible(self) -> QuerySet[Permit]:
        """Nothing: the list is one for all, and names no model."""
        return Permit.objects.none()

    @extend_schema(responses={200: PermitEnvelope, 304: None})
    def current(self, request: CallerRequest) -> HttpResponse:
        """The list as it is now; 304 where the caller has it already (If-None-Match)."""
        found = services.revocations()
        headers = {"ETag": found.etag, "Cache-Control": "no-cache"}
        if is_known(request.headers.get("If-None-Match", ""), found.etag):
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(found.body, content_type="application/json", headers=headers)
