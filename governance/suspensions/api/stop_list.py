"""REST: what is stopped, for gateways: signed, and cheap to ask for again and again."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.suspensions import rules, services
from governance.suspensions.models import Order
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, Door


class Signature(serializers.Serializer[Any]):
    """ECDSA with P-256 and SHA-256, in DER and base64, over the envelope's DSSE encoding."""

    keyid = serializers.CharField()
    sig = serializers.CharField()


class StopListEnvelope(serializers.Serializer[Any]):
    """A DSSE envelope; the payload is canonical JSON: version, issued_at, orders, releases."""

    payload = serializers.CharField(help_text="Base64.")
    payloadType = serializers.CharField()  # noqa: N815 (DSSE's own name)
    signatures = Signature(many=True)


class StopListKey(serializers.Serializer[Any]):
    """The public key: fetch it once, over another way than the list."""

    keyid = serializers.CharField()
    pem = serializers.CharField()
    jwk = serializers.DictField(child=serializers.CharField())


class StopListDoor(Door):
    """停用清单: every order in force and the live releases for which it holds, by key alone."""

    row = StopListEnvelope
    capabilities: ClassVar[dict[str, Capability]] = {
        "current": Capability.READ,
        "key": Capability.READ,
    }

    def visible(self) -> QuerySet[Order]:
        """Nothing: the list is one for all, and names no model."""
        return Order.objects.none()

    @extend_schema(responses={200: StopListEnvelope, 304: None})
    def current(self, request: CallerRequest) -> HttpResponse:
        """The list as it is now; 304 where the caller has it already (If-None-Match)."""
        found = services.stop_list()
        headers = {"ETag": found.etag, "Cache-Control": "no-cache"}
        if rules.is_known(request.headers.get("If-None-Match", ""), found.etag):
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(found.body, content_type="application/json", headers=headers)

    @extend_schema(responses=StopListKey)
    def key(self, request: CallerRequest) -> Response:
        """The key by which the list is verified, as PEM and as a JSON Web Key."""
        told = {
            "keyid": services.key_id(),
            "pem": services.public_pem(),
            "jwk": services.public_jwk(),
        }
        return Response(told)
