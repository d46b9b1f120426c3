"""REST: parked objects, and letting them go on."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.dispatch import queries, services
from registry.core.dispatch.models import Held
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, Door


class ParkedRow(serializers.ModelSerializer[Held]):
    """An object that waits because a reaction to it failed five times."""

    class Meta:
        model = Held
        fields = ("id", "reaction", "subject_id", "from_seq", "failures", "parked_at", "error")


class Released(serializers.Serializer[Any]):
    """What is tried again."""

    reactions = serializers.ListField(child=serializers.CharField())


class ParkedDoor(Door):
    """搁置: what an administrator looks into."""

    queryset = Held.objects.all()
    row = ParkedRow
    orderings: ClassVar[dict[str, str]] = {"from_seq": "from_seq"}
    default_ordering = "from_seq"
    filterset_fields = ("reaction", "subject_id")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.MANAGE_PEOPLE,
        "releases": Capability.MANAGE_PEOPLE,
    }

    def visible(self) -> QuerySet[Held]:
        """The parked objects, for administrators."""
        return queries.visible_to(self.request.user)

    def list(self, request: CallerRequest) -> Response:
        """A page of the parked objects."""
        return self.page(self.filter_queryset(self.get_queryset()))

    @extend_schema(request=None, responses={201: Released})
    def releases(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The reactions to this object (its key) are tried again at the next run."""
        rows = services.release(actor=request.user, subject_id=pk)
        return Response({"reactions": [row.reaction for row in rows]}, status=201)
