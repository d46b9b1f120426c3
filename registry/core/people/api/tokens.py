"""REST: bearer tokens."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.people import queries, services
from registry.core.people.models import (
    Token,
    User,
)
from registry.core.people.rules import Capability
from registry.core.web.views import CallerRequest, ListDoor, present


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
        token = queries.get_or_refuse(self.get_queryset(), pk)
        row = services.revoke_token(actor=request.user, token_id=token.pk)
        return present(row, TokenRow, 201)
