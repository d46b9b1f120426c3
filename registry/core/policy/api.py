"""REST: policy packs as released."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from registry.core.people.rules import Capability
from registry.core.policy import queries
from registry.core.policy.models import PackRelease
from registry.core.web.views import ListDoor


class PackRow(serializers.ModelSerializer[PackRelease]):
    """A release of a pack."""

    class Meta:
        model = PackRelease
        fields = (
            "id", "key", "version", "sha256", "state", "profile", "effective_from", "row_version",
        )  # fmt: skip


class PackDoor(ListDoor):
    """Releases of policy packs."""

    queryset = PackRelease.objects.all()
    row = PackRow
    orderings: ClassVar[dict[str, str]] = {"version": "version"}
    filterset_fields = ("key", "state")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[PackRelease]:
        """Policy is no secret."""
        return queries.visible_to(self.request.user)
