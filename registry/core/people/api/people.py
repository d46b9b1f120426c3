"""REST: people and machine accounts, step-ups, and who the caller is."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.people import queries, services
from registry.core.people.models import (
    User,
    UserKind,
)
from registry.core.people.rules import Capability
from registry.core.people.services import NewPerson
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class PersonRow(serializers.ModelSerializer[User]):
    """A person or machine account."""

    class Meta:
        model = User
        fields = ("id", "username", "name", "kind", "is_active", "is_vendor_staff", "row_version")


class NewAccount(serializers.Serializer[Any]):
    """Enrol a person, or a machine account (which has no password)."""

    kind = ChoiceField(
        choices=[UserKind.PERSON, UserKind.MACHINE], required=False, default=UserKind.PERSON
    )
    username = serializers.RegexField(r"^[A-Za-z0-9_.-]+$", max_length=150)
    name = serializers.CharField(max_length=150)
    password = serializers.CharField(
        max_length=256, required=False, default="", allow_blank=True, write_only=True
    )
    email = serializers.EmailField(required=False, default="", allow_blank=True)
    language = ChoiceField(choices=settings.LANGUAGES, required=False, default="", allow_blank=True)
    is_vendor_staff = serializers.BooleanField(required=False, default=False)


class Leaving(serializers.Serializer[Any]):
    """Why the account ends."""

    reason = serializers.CharField(max_length=500)


class NewPassword(serializers.Serializer[Any]):
    """A password for somebody who forgot theirs."""

    password = serializers.CharField(max_length=256, write_only=True)
    reason = serializers.CharField(max_length=500)


class PersonDoor(ListDoor):
    """Who works here."""

    queryset = User.objects.all()
    row = PersonRow
    orderings: ClassVar[dict[str, str]] = {"username": "username"}
    default_ordering = "username"
    filterset_fields = ("username", "kind", "is_active")
    replayable = ("create",)
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.MANAGE_PEOPLE,
        "deactivations": Capability.MANAGE_PEOPLE,
        "passwords": Capability.MANAGE_PEOPLE,
    }

    def visible(self) -> QuerySet[User]:
        """Everybody; machines see themselves."""
        return queries.visible_users(self.request.user)

    @extend_schema(request=NewAccount, responses={201: PersonRow})
    def create(self, request: CallerRequest) -> Response:
        """The account exists. A person signs in with the password; a machine acts by token."""
        told = NewAccount(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request, lambda: present(_enrolled(request.user, told.validated_data), PersonRow, 201)
        )

    @extend_schema(request=Leaving, responses={201: PersonRow})
    def deactivations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The person can no longer sign in; roles of today and later have ended."""
        told = Leaving(data=request.data)
        told.is_valid(raise_exception=True)
        user = queries.get_or_refuse(self.get_queryset(), pk)
        row = services.deactivate(actor=request.user, user_id=user.pk, **told.validated_data)
        return present(row, PersonRow, 201)

    @extend_schema(request=NewPassword, responses={201: PersonRow})
    def passwords(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Somebody who forgot it has a new password, and is told who set it."""
        told = NewPassword(data=request.data)
        told.is_valid(raise_exception=True)
        user = queries.get_or_refuse(self.get_queryset(), pk)
        row = services.reset_password(actor=request.user, user_id=user.pk, **told.validated_data)
        return present(row, PersonRow, 201)


def _enrolled(actor: User, told: dict[str, Any]) -> User:  # Any: a serializer's data
    if told["kind"] == UserKind.MACHINE:
        return services.enrol_machine(actor=actor, username=told["username"], name=told["name"])
    person = NewPerson(
        **{key: told[key] for key in ("username", "name", "password", "email", "language")}
    )
    return services.enrol(actor=actor, person=person, is_vendor_staff=told["is_vendor_staff"])
