"""REST: people, entities, departments, roles, tokens, step-ups, and who the caller is."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.people import queries, services
from registry.core.people.models import (
    Delegation,
    Department,
    LegalEntity,
    RoleAssignment,
    Token,
    User,
)
from registry.core.people.rules import Capability, Role
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door, ListDoor, present


class PersonRow(serializers.ModelSerializer[User]):
    """A person or machine account."""

    class Meta:
        model = User
        fields = ("id", "username", "name", "kind", "is_active", "is_vendor_staff", "row_version")


class PersonDoor(ListDoor):
    """Who works here."""

    queryset = User.objects.all()
    row = PersonRow
    orderings: ClassVar[dict[str, str]] = {"username": "username"}
    default_ordering = "username"
    filterset_fields = ("username", "kind", "is_active")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[User]:
        """Everybody; machines see themselves."""
        return queries.visible_users(self.request.user)


class EntityRow(serializers.ModelSerializer[LegalEntity]):
    """A legal entity of the tree."""

    class Meta:
        model = LegalEntity
        fields = ("id", "code", "name_zh", "name_en", "parent", "path", "row_version")


class EntityDoor(ListDoor):
    """The institution, its branches and subsidiaries."""

    queryset = LegalEntity.objects.all()
    row = EntityRow
    orderings: ClassVar[dict[str, str]] = {"path": "path"}
    default_ordering = "path"
    filterset_fields = ("code",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[LegalEntity]:
        """The tree is no secret inside the institution."""
        return queries.visible_entities(self.request.user)


class DepartmentRow(serializers.ModelSerializer[Department]):
    """A department."""

    class Meta:
        model = Department
        fields = ("id", "code", "name_zh", "name_en", "entity", "row_version")


class DepartmentDoor(ListDoor):
    """The departments."""

    queryset = Department.objects.all()
    row = DepartmentRow
    orderings: ClassVar[dict[str, str]] = {"code": "code"}
    default_ordering = "code"
    filterset_fields = ("code", "entity")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[Department]:
        """The tree is no secret inside the institution."""
        return queries.visible_departments(self.request.user)


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
    role = serializers.ChoiceField(choices=[(role.value, role.value) for role in Role])
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


class DelegationRow(serializers.ModelSerializer[Delegation]):
    """委托: who stands in for whom, and until when."""

    class Meta:
        model = Delegation
        fields = (
            "id", "principal", "delegate", "body_code", "valid_from", "valid_to", "reason",
            "revoked_at", "row_version",
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
    def revocations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The caller has taken it back."""
        row = queries.get_or_refuse(self.get_queryset(), pk, "delegation")
        taken = services.revoke_delegation(actor=request.user, delegation_id=row.pk)
        return present(taken, DelegationRow, 201)


class TokenRow(serializers.ModelSerializer[Token]):
    """A token, without its secret."""

    class Meta:
        model = Token
        fields = ("id", "user", "name", "scopes", "expires_at", "revoked_at", "row_version")


class NewToken(serializers.Serializer[Any]):
    """Issue a token: for yourself, or, as an administrator, for a machine account."""

    user = serializers.PrimaryKeyRelatedField(queryset=User.objects.all(), required=False)
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.CharField(max_length=40), allow_empty=False)
    expires_at = serializers.DateTimeField()


class IssuedToken(TokenRow):
    """The one answer that shows the secret."""

    secret = serializers.CharField(read_only=True)

    class Meta(TokenRow.Meta):
        fields = (*TokenRow.Meta.fields, "secret")  # type: ignore[assignment]  # one field more


class TokenDoor(ListDoor):
    """Bearer tokens of one's own; administrators also see those of machine accounts."""

    queryset = Token.objects.all()
    row = TokenRow
    orderings: ClassVar[dict[str, str]] = {"expires_at": "expires_at"}
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.READ,
        "revocations": Capability.READ,
    }

    def visible(self) -> QuerySet[Token]:
        """One's own, and machine accounts' for administrators."""
        return queries.visible_tokens(self.request.user)

    @extend_schema(request=NewToken, responses={201: IssuedToken})
    def create(self, request: CallerRequest) -> Response:
        """The token exists; its secret is shown this once, never kept, and not told to replays."""
        told = NewToken(data=request.data)
        told.is_valid(raise_exception=True)
        data = {"user": request.user} | told.validated_data
        if data["user"] != request.user:
            queries.require(request.user, Capability.MANAGE_PEOPLE)
        token, secret = services.issue_token(actor=request.user, **data)
        return Response(TokenRow(token).data | {"secret": secret}, status=201)

    @extend_schema(request=None, responses={201: TokenRow})
    def revocations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The token opens nothing any more."""
        token = queries.get_or_refuse(self.get_queryset(), pk, "token")
        row = services.revoke_token(actor=request.user, token_id=token.pk)
        return present(row, TokenRow, 201)


class NewStepUp(serializers.Serializer[Any]):
    """Prove again who you are, for the listed papers."""

    password = serializers.CharField(max_length=256, write_only=True)
    subjects = serializers.ListField(
        child=serializers.RegexField(r"^[0-9a-f]{64}$"), allow_empty=False, max_length=50
    )


class StepUpRow(serializers.Serializer[Any]):
    """The proof, to be handed in with each vote."""

    id = serializers.UUIDField()
    subjects = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()


class StepUpDoor(Door):
    """二次认证: valid for 15 minutes and once per paper."""

    queryset = User.objects.none()
    row = StepUpRow
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"create": Capability.VOTE}

    def visible(self) -> QuerySet[User]:
        """Nothing is listed here."""
        return User.objects.none()

    @extend_schema(request=NewStepUp, responses={201: StepUpRow})
    def create(self, request: CallerRequest) -> Response:
        """The proof exists."""
        told = NewStepUp(data=request.data)
        told.is_valid(raise_exception=True)
        proof = services.step_up(user=request.user, **told.validated_data)
        return Response(StepUpRow(proof).data, status=201)


class Myself(serializers.Serializer[Any]):
    """Who the caller is."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    capabilities = serializers.ListField(child=serializers.CharField())
    language = serializers.CharField()
    time_zone = serializers.CharField()


class MyselfDoor(Door):
    """The caller, as Mingce sees them."""

    queryset = User.objects.none()
    row = Myself
    capabilities: ClassVar[dict[str, Capability]] = {"retrieve": Capability.READ}

    def visible(self) -> QuerySet[User]:
        """The caller alone."""
        return queries.visible_users(self.request.user).filter(pk=self.request.user.pk)

    @extend_schema(responses=Myself)
    def retrieve(self, request: CallerRequest) -> Response:
        """Roles and capabilities of today."""
        user, standing = request.user, queries.standing(request.user)
        told = {
            "id": user.pk,
            "username": user.username,
            "name": user.name,
            "kind": user.kind,
            "roles": sorted(role.value for role in standing.role_set),
            "capabilities": sorted(one.value for one in Capability if standing.may(one)),
            "language": translation.get_language(),
            "time_zone": user.time_zone or settings.TIME_ZONE,
        }
        return Response(Myself(told).data)
