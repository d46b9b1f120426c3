"""REST: long work and its progress."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from registry.core.jobs import queries
from registry.core.jobs.models import Job
from registry.core.people.rules import Capability
from registry.core.web.views import ListDoor


class JobRow(serializers.ModelSerializer[Job]):
    """A job and how far it is."""

    result = serializers.DictField(allow_null=True, read_only=True)

    class Meta:
        model = Job
        fields = (
            "id", "kind", "state", "stage", "done", "total", "result", "error", "requested_at",
            "ended_at",
        )  # fmt: skip


class JobDoor(ListDoor):
    """The caller's jobs."""

    queryset = Job.objects.all()
    row = JobRow
    orderings: ClassVar[dict[str, str]] = {"requested_at": "requested_at"}
    default_ordering = "-requested_at"
    filterset_fields = ("kind", "state")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[Job]:
        """One's own jobs."""
        return queries.visible_to(self.request.user)
