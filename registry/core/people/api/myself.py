"""REST: the caller: who it is, its password and language, its second proof."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.people import queries, services
from registry.core.people.models import (
    User,
)
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField, DigestField
from registry.core.web.views import CallerRequest, Door


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


class ChangedPassword(serializers.Serializer[Any]):
    """One's own password, changed."""

    old_password = serializers.CharField(max_length=256, write_only=True)
    new_password = serializers.CharField(max_length=256, write_only=True)


class Preferences(serializers.Serializer[Any]):
    """How the caller reads Mingce; an empty value follows the browser."""

    language = ChoiceField(choices=settings.LANGUAGES, allow_blank=True)
    time_zone = ChoiceField(choices=sorted(available_timezones()), allow_blank=True)


class MyselfDoor(Door):
    """The caller, as Mingce sees them."""

    queryset = User.objects.none()
    row = Myself
    capabilities: ClassVar[dict[str, Capability]] = {
        "retrieve": Capability.READ,
        "password": Capability.READ,
        "preferences": Capability.READ,
    }
    replayable = ()

    def visible(self) -> QuerySet[User]:
        """The caller alone."""
        return queries.visible_users(self.request.user).filter(pk=self.request.user.pk)

    @extend_schema(responses=Myself)
    def retrieve(self, request: CallerRequest) -> Response:
        """Roles and capabilities of today."""
        return Response(_myself(request.user))

    @extend_schema(request=ChangedPassword, responses={201: Myself})
    def password(self, request: CallerRequest) -> Response:
        """The caller's password is the new one."""
        told = ChangedPassword(data=request.data)
        told.is_valid(raise_exception=True)
        services.change_password(actor=request.user, **told.validated_data)
        return Response(_myself(request.user), status=201)

    @extend_schema(request=Preferences, responses={201: Myself})
    def preferences(self, request: CallerRequest) -> Response:
        """The caller reads Mingce in this language and time zone."""
        told = Preferences(data=request.data)
        told.is_valid(raise_exception=True)
        row = services.set_preferences(actor=request.user, **told.validated_data)
        return Response(_myself(row), status=201)


def _myself(user: User) -> dict[str, Any]:  # Any: JSON
    standing = queries.standing(user)
    told = {
        "id": user.pk,
        "username": user.username,
        "name": user.name,
        "kind": user.kind,
        "roles": sorted(role.value for role in standing.role_set),
        "capabilities": sorted(one.value for one in Capability if standing.may(one)),
        "language": user.language or translation.get_language(),
        "time_zone": user.time_zone or settings.TIME_ZONE,
    }
    return dict(Myself(told).data)


class NewStepUp(serializers.Serializer[Any]):
    """Prove again who you are, for the listed papers."""

    password = serializers.CharField(max_length=256, write_only=True)
    subjects = serializers.ListField(child=DigestField(), allow_empty=False, max_length=50)


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
