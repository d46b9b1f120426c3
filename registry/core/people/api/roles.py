"""REST: roles with dates, and delegations."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.people import queries, services
from registry.core.people.api.institution import LastDay
from registry.core.people.models import (
    Delegation,
    Department,
    LegalEntity,
    RoleAssignment,
    User,
)
from registry.core.people.rules import Capability, Role
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class RoleRow(serializers.ModelSerializer[RoleAssignment]):
    """A dated role."""

    class Meta:
        model = RoleAssignment
        fields = (
            "id",
            "user",
            "role",
            "entity",
            "department",
            "valid_from",
            "valid_to",
            "row_version",
        )


class NewRole(serializers.Serializer[Any]):
    """Assign a role."""

    user = serializers.PrimaryKeyRelatedField(queryset=User.objects.all())
    role = ChoiceField(choices=[(role.value, role.value) for role in Role])
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    department = serializers.PrimaryKeyRelatedField(
        queryset=Department.objects.all(), required=False, allow_null=True, default=None
    )
    valid_from = serializers.DateField(required=False, allow_null=True, default=None)
    valid_to = serializers.DateField(required=False, allow_null=True, default=None)


class RoleDoor(ListDoor):
    """Who holds which role, from when to when."""

    queryset = RoleAssignment.objects.all()
    row = RoleRow
    orderings: ClassVar[dict[str, str]] = {"valid_from": "valid_from"}
    filterset_fields = ("user", "role", "entity")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.MANAGE_PEOPLE,
        "endings": Capability.MANAGE_PEOPLE,
    }

    def visible(self) -> QuerySet[RoleAssignment]:
        """Who is accountable for what is no secret inside the institution."""
        return queries.visible_roles(self.request.user)

    @extend_schema(request=NewRole, responses={201: RoleRow})
    def create(self, request: CallerRequest) -> Response:
        """The person has the role."""
        told = NewRole(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data | {"role": Role(told.validated_data["role"])}
        return once(
            request,
            lambda: present(services.assign_role(actor=request.user, **data), RoleRow, 201),
        )

    @extend_schema(request=LastDay, responses={201: RoleRow})
    def endings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The role ends on the day."""
        told = LastDay(data=request.data)
        told.is_valid(raise_exception=True)
        row = queries.get_or_refuse(self.get_queryset(), pk)
        ended = services.end_role(actor=request.user, assignment_id=row.pk, **told.validated_data)
        return present(ended, RoleRow, 201)


class DelegationRow(serializers.ModelSerializer[Delegation]):
    """委托: who stands in for whom, and until when."""

    class Meta:
        model = Delegation
        fields = (
            "id", "principal", "delegate", "body_code", "valid_from", "valid_to", "reason",
            "accepted_at", "revoked_at", "row_version",
        )  # fmt: skip


class NewDelegation(serializers.Serializer[Any]):
    """Let somebody stand in for you; the conflicts of both count, and it can't be passed on."""

    to = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True))
    body_code = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    valid_from = serializers.DateField()
    valid_to = serializers.DateField()
    reason = serializers.CharField(max_length=500)


class DelegationDoor(ListDoor):
    """Delegations."""

    queryset = Delegation.objects.all()
    row = DelegationRow
    orderings: ClassVar[dict[str, str]] = {"valid_from": "valid_from"}
    filterset_fields = ("principal", "delegate", "body_code")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.VOTE,
        "acceptances": Capability.VOTE,
        "revocations": Capability.VOTE,
    }

    def visible(self) -> QuerySet[Delegation]:
        """Every delegation."""
        return queries.visible_delegations(self.request.user)

    @extend_schema(request=NewDelegation, responses={201: DelegationRow})
    def create(self, request: CallerRequest) -> Response:
        """Between the dates the other person may decide for the caller."""
        told = NewDelegation(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request,
            lambda: present(
                services.delegate(actor=request.user, **told.validated_data), DelegationRow, 201
            ),
        )

    @extend_schema(request=None, responses={201: DelegationRow})
    def acceptances(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The caller stands in from now on."""
        row = queries.get_or_refuse(self.get_queryset(), pk)
        taken = services.accept_delegation(actor=request.user, delegation_id=row.pk)
        return present(taken, DelegationRow, 201)

    @extend_schema(request=None, responses={201: DelegationRow})
    def revocations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The caller has taken it back, or declines to stand in."""
        row = queries.get_or_refuse(self.get_queryset(), pk)
        taken = services.revoke_delegation(actor=request.user, delegation_id=row.pk)
        return present(taken, DelegationRow, 201)
