"""REST: systems."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.people.models import Department, LegalEntity
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.systems import queries, services
from registry.systems.models import System


class SystemRow(serializers.ModelSerializer[System]):
    """An information system."""

    class Meta:
        model = System
        fields = (
            "id", "code", "name_zh", "name_en", "protection_level", "entity", "department",
            "row_version",
        )  # fmt: skip


class NewSystem(serializers.Serializer[Any]):
    """Register a system."""

    code = serializers.RegexField(r"^[A-Za-z0-9_.-]+$", max_length=40)
    name_zh = serializers.CharField(max_length=200)
    name_en = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    protection_level = serializers.IntegerField(
        min_value=1, max_value=5, required=False, allow_null=True, default=None
    )
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    department = serializers.PrimaryKeyRelatedField(
        queryset=Department.objects.all(), required=False, allow_null=True, default=None
    )


class SystemDoor(ListDoor):
    """Systems in which models run."""

    queryset = System.objects.all()
    row = SystemRow
    orderings: ClassVar[dict[str, str]] = {"code": "code"}
    default_ordering = "code"
    filterset_fields = ("code", "entity", "protection_level")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.REGISTER,
    }

    def visible(self) -> QuerySet[System]:
        """The systems within the caller's reach."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewSystem, responses={201: SystemRow})
    def create(self, request: CallerRequest) -> Response:
        """The system is in the inventory."""
        told = NewSystem(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request,
            lambda: present(
                services.register(actor=request.user, **told.validated_data), SystemRow, 201
            ),
        )
