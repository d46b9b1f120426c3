"""REST: the ledger's entries, their verification and export."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.trail import queries
from registry.core.jobs import services as jobs
from registry.core.jobs.api import JobRow
from registry.core.jobs.models import Job
from registry.core.jobs.queries import visible_to as visible_jobs
from registry.core.ledger.models import Entry
from registry.core.people.queries import get_or_refuse, require_everywhere
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, Door


class EntryRow(serializers.ModelSerializer[Entry]):
    """A line of the ledger."""

    class Meta:
        model = Entry
        fields = (
            "seq", "uid", "act", "kind", "actor", "subject_type", "subject_id", "row_version",
            "digest", "effective_at", "recorded_at", "body", "prev", "hash",
        )  # fmt: skip


class EntryDoor(Door):
    """审计追踪: the ledger, newest first."""

    queryset = Entry.objects.all()
    row = EntryRow
    orderings: ClassVar[dict[str, str]] = {"seq": "seq"}
    default_ordering = "-seq"
    filterset_fields = ("kind", "actor", "subject_type", "subject_id", "act")
    capabilities: ClassVar[dict[str, Capability]] = {"list": Capability.READ_TRAIL}

    def visible(self) -> QuerySet[Entry]:
        """The ledger, for those whose office it is."""
        return queries.visible_to(self.request.user)

    def list(self, request: CallerRequest) -> Response:
        """A page of entries."""
        return self.page(self.filter_queryset(self.get_queryset()))


class TrailJobDoor(Door):
    """Verification and export run as jobs with progress; poll /jobs/{id}/."""

    queryset = Job.objects.none()
    row = JobRow
    capabilities: ClassVar[dict[str, Capability]] = {
        "verifications": Capability.READ_TRAIL,
        "exports": Capability.EXPORT_LEDGER,
        "file": Capability.EXPORT_LEDGER,
    }

    def visible(self) -> QuerySet[Job]:
        """One's own jobs."""
        return visible_jobs(self.request.user)

    @extend_schema(request=None, responses={202: JobRow})
    def verifications(self, request: CallerRequest) -> Response:
        """The whole ledger and every governed row are being verified."""
        require_everywhere(request.user, Capability.READ_TRAIL)
        job = jobs.request(actor=request.user, kind="ledger.verify", arguments={})
        return Response(JobRow(job).data, status=202)

    @extend_schema(request=None, responses={202: JobRow})
    def exports(self, request: CallerRequest) -> Response:
        """An export is being written; its file is at /ledger/exports/{job}/file/.

        It is whole, confidential models included: with a hole no chain can be verified.
        """
        require_everywhere(request.user, Capability.EXPORT_LEDGER)
        job = jobs.request(actor=request.user, kind="ledger.export", arguments={})
        return Response(JobRow(job).data, status=202)

    @extend_schema(responses={(200, "application/jsonl"): OpenApiTypes.BINARY})
    def file(self, request: CallerRequest, pk: uuid.UUID) -> FileResponse:
        """The export, once its job is done."""
        require_everywhere(request.user, Capability.EXPORT_LEDGER)
        job = get_or_refuse(self.visible().filter(kind="ledger.export"), pk)
        path = queries.export_of(job)
        if path is None:
            raise Http404
        return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)
