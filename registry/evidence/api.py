"""REST: documents. They are handed in and read; nothing is replaced or deleted."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.core.web.downloads import attachment
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.evidence import queries, services
from registry.evidence.models import Document


class DocumentRow(serializers.ModelSerializer[Document]):
    """A document's card; its bytes are at /documents/{id}/file/."""

    class Meta:
        model = Document
        fields = (
            "id", "kind", "title", "subject_type", "subject_id", "sha256", "size_bytes",
            "media_type", "file_name", "statement", "valid_until", "supersedes", "handed_in_by",
            "handed_in_at", "row_version",
        )  # fmt: skip


class NewDocument(serializers.Serializer[Any]):
    """Hand in a document (multipart form)."""

    subject_type = serializers.CharField(max_length=40)
    subject = serializers.UUIDField()
    kind = serializers.CharField(max_length=60)
    title = serializers.CharField(max_length=300)
    file = serializers.FileField()
    statement = serializers.CharField(
        max_length=4_000, required=False, default="", allow_blank=True
    )
    valid_until = serializers.DateField(required=False, allow_null=True, default=None)
    supersedes = serializers.UUIDField(required=False, allow_null=True, default=None)


class DocumentDoor(ListDoor):
    """Evidence, by content."""

    queryset = Document.objects.all()
    row = DocumentRow
    parser_classes = (MultiPartParser,)
    orderings: ClassVar[dict[str, str]] = {"handed_in_at": "handed_in_at"}
    default_ordering = "-handed_in_at"
    filterset_fields = ("kind", "subject_id", "sha256")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.HAND_IN_EVIDENCE,
        "file": Capability.READ,
    }

    def visible(self) -> QuerySet[Document]:
        """The documents of everything that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewDocument, responses={201: DocumentRow})
    def create(self, request: CallerRequest) -> Response:
        """The document is stored under its sha256 and stands as evidence."""
        told = NewDocument(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        subject = queries.subject_of(request.user, data["subject_type"], data["subject"])

        def create() -> Response:
            row = services.hand_in(
                actor=request.user,
                subject=subject,
                kind=data["kind"],
                title=data["title"],
                file_name=data["file"].name,
                content=data["file"],
                statement=data["statement"],
                valid_until=data["valid_until"],
                supersedes_id=data["supersedes"],
            )
            return present(row, DocumentRow, 201)

        return once(request, create)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def file(self, request: CallerRequest, pk: uuid.UUID) -> FileResponse:
        """The bytes, as they were handed in."""
        return download(request.user, pk)


def download(user: User, document_id: uuid.UUID) -> FileResponse:
    """The document's bytes as an attachment, never shown in the page.

    Raises Http404; DomainError where the store does not hold these bytes any more.
    """
    document = queries.visible_to(user).filter(pk=document_id).first()
    if document is None:
        raise Http404
    response = FileResponse(
        queries.opened(document.sha256), content_type="application/octet-stream"
    )
    response["Content-Disposition"] = attachment(document.file_name)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Digest"] = f"sha-256={document.sha256}"
    return response
