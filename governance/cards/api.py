"""REST: model cards in the formats of machines and people; foreign cards handed in."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from governance.cards import queries, services
from governance.cards.rules import Card, Proposal
from governance.cards.rules.reading import MOST_BYTES
from governance.suspensions.rules import is_known
from registry.catalogue.models import ModelVersion
from registry.catalogue.queries import visible_versions
from registry.core.errors import DomainError
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.downloads import attachment
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door
from registry.releases import queries as releases
from registry.releases.models import Release

PARAMETERS = [
    OpenApiParameter("format", str, enum=list(queries.FORMATS), default="cyclonedx-1.6"),
    OpenApiParameter(
        "language", str, enum=list(queries.LANGUAGES), description="By default the caller's."
    ),
]


def _answered(media_type: str) -> OpenApiTypes:
    if media_type == "application/pdf":
        return OpenApiTypes.BINARY
    return OpenApiTypes.STR if media_type.startswith("text/") else OpenApiTypes.OBJECT


_MEDIA_TYPES = {media_type.partition(";")[0] for _l, media_type, _e in queries.FORMATS.values()}
FILE = extend_schema(
    parameters=PARAMETERS,
    responses={**{(200, one): _answered(one) for one in sorted(_MEDIA_TYPES)}, 304: None},
)


class AsAsked(DefaultContentNegotiation):
    """`?format=` is the card's here, not the answer's."""

    def select_renderer(
        self,
        request: Any,  # Any: DRF's signature
        renderers: Any,
        format_suffix: str | None = None,
    ) -> Any:
        """The door's own, for problems."""
        first = renderers[0]
        return first, first.media_type


class ProposalRow(serializers.Serializer[Any]):
    """A field of the card: what the register holds, what the foreign card says."""

    field = serializers.CharField()
    is_missing = serializers.BooleanField(help_text="The register holds nothing of it.")
    held = serializers.JSONField()
    told = serializers.JSONField()


class CardImportRow(serializers.Serializer[Any]):
    """A foreign card that was handed in: nothing of what it proposes has been applied."""

    document = serializers.UUIDField()
    sha256 = serializers.CharField()
    format = serializers.CharField()
    is_other_version = serializers.BooleanField(help_text="It names another digest.")
    proposals = ProposalRow(many=True)


class NewCardImport(serializers.Serializer[Any]):
    """A foreign card (multipart form)."""

    file = serializers.FileField()
    supersedes = serializers.UUIDField(required=False, allow_null=True, default=None)


class ReleaseCardDoor(Door):
    """模型卡 of a release."""

    row = CardImportRow
    content_negotiation_class = AsAsked
    capabilities: ClassVar[dict[str, Capability]] = {"card": Capability.READ}

    def visible(self) -> QuerySet[Release]:
        """The releases of the models that the caller may see."""
        return releases.visible_to(self.request.user)

    @FILE
    def card(self, request: CallerRequest, pk: uuid.UUID) -> HttpResponse:
        """The release's model card: what it is, is for, was made from, and how it is governed."""
        release = get_or_refuse(releases.whole(self.get_queryset()), pk)
        return _served(request, queries.of_release(release, _language(request)))


class VersionCardDoor(Door):
    """模型卡 of a version, whatever it is used for; foreign cards of it."""

    row = CardImportRow
    content_negotiation_class = AsAsked
    parser_classes = (MultiPartParser,)
    replayable = ("card_imports",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "card": Capability.READ,
        "card_imports": Capability.HAND_IN_EVIDENCE,
    }

    def visible(self) -> QuerySet[ModelVersion]:
        """The versions of the models that the caller may see."""
        return visible_versions(self.request.user)

    @FILE
    def card(self, request: CallerRequest, pk: uuid.UUID) -> HttpResponse:
        """The version's model card."""
        version = get_or_refuse(queries.whole(self.get_queryset()), pk)
        return _served(request, queries.of_version(version, _language(request)))

    @extend_schema(request=NewCardImport, responses={201: CardImportRow})
    def card_imports(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The file is the version's evidence; the answer shows what it says otherwise."""
        version = get_or_refuse(queries.whole(self.get_queryset()), pk)
        told = NewCardImport(data=request.data)
        told.is_valid(raise_exception=True)
        file = told.validated_data["file"]

        def create() -> Response:
            found = services.hand_in(
                actor=request.user,
                version=version,
                file_name=file.name,
                content=file.read(MOST_BYTES + 1),
                supersedes_id=told.validated_data["supersedes"],
            )
            return Response(_import_row(found), status=201)

        return once(request, create)


def _import_row(found: services.HandedIn) -> dict[str, Any]:  # Any: JSON
    return {
        "document": str(found.document.pk),
        "sha256": found.document.sha256,
        "format": found.read.told.kind.value,
        "is_other_version": found.read.is_other_version,
        "proposals": [_proposal(one) for one in found.read.proposals],
    }


def _proposal(one: Proposal) -> dict[str, Any]:  # Any: JSON
    held = dataclasses.asdict(dataclasses.replace(Card(), **{one.field: one.held}))[one.field]
    told = dataclasses.asdict(dataclasses.replace(Card(), **{one.field: one.told}))[one.field]
    return {"field": one.field, "is_missing": one.is_missing, "held": held, "told": told}


def _language(request: CallerRequest) -> str:
    asked = request.query_params.get("language", "")
    if asked and asked not in queries.LANGUAGES:
        raise DomainError(
            "unknown_language",
            _("Model cards are in one of: %(names)s.") % {"names": ", ".join(queries.LANGUAGES)},
            field="language",
            status=400,
        )
    return asked or ("zh-hans" if (get_language() or "").startswith("zh") else "en")


def _served(request: CallerRequest, card: Card) -> HttpResponse:
    """The file; 304 where the caller has it already (If-None-Match)."""
    file = queries.file_of(card, request.query_params.get("format", "cyclonedx-1.6"))
    headers = {
        "ETag": file.etag,
        "Cache-Control": "private, no-cache",
        "Content-Language": card.language,
    }
    if is_known(request.headers.get("If-None-Match", ""), file.etag):
        return HttpResponse(status=304, headers=headers)
    response = HttpResponse(file.body, content_type=file.media_type, headers=headers)
    response["Content-Disposition"] = attachment(file.name)
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
