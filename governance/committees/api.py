"""REST: committees, seats and resolutions."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.committees import queries, services
from governance.committees.models import Committee, Resolution, Seat
from registry.core.people.api.institution import LastDay
from registry.core.people.models import LegalEntity, Post, User
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class CommitteeRow(serializers.ModelSerializer[Committee]):
    """A committee."""

    class Meta:
        model = Committee
        fields = ("id", "code", "name_zh", "name_en", "entity", "row_version")


class NewCommittee(serializers.Serializer[Any]):
    """Establish a committee."""

    code = serializers.RegexField(r"^[a-z][a-z0-9_]*$", max_length=40)
    name_zh = serializers.CharField(max_length=200)
    name_en = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())


class SeatRow(serializers.ModelSerializer[Seat]):
    """A seat."""

    class Meta:
        model = Seat
        fields = (
            "id", "committee", "name", "user", "post", "is_chair", "valid_from", "valid_to",
            "row_version",
        )  # fmt: skip


class NewSeat(serializers.Serializer[Any]):
    """Give a seat to a person or a post."""

    user = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.all(), required=False, allow_null=True, default=None
    )
    post = serializers.PrimaryKeyRelatedField(
        queryset=Post.objects.all(), required=False, allow_null=True, default=None
    )
    name = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    is_chair = serializers.BooleanField(required=False, default=False)
    valid_from = serializers.DateField(required=False, allow_null=True, default=None)
    valid_to = serializers.DateField(required=False, allow_null=True, default=None)


class CommitteeDoor(ListDoor):
    """委员会."""

    queryset = Committee.objects.all()
    row = CommitteeRow
    orderings: ClassVar[dict[str, str]] = {"code": "code"}
    default_ordering = "code"
    filterset_fields = ("code", "entity")
    replayable = ("create", "seats")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.MANAGE_COMMITTEES,
        "seats": Capability.MANAGE_COMMITTEES,
    }

    def visible(self) -> QuerySet[Committee]:
        """The committees within the caller's reach."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewCommittee, responses={201: CommitteeRow})
    def create(self, request: CallerRequest) -> Response:
        """The committee exists."""
        told = NewCommittee(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request,
            lambda: present(
                services.establish(actor=request.user, **told.validated_data), CommitteeRow, 201
            ),
        )

    @extend_schema(request=NewSeat, responses={201: SeatRow})
    def seats(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The person, or the post's holder, sits on the committee."""
        told = NewSeat(data=request.data)
        told.is_valid(raise_exception=True)
        committee = get_or_refuse(self.get_queryset(), pk)
        return once(
            request,
            lambda: present(
                services.give_seat(actor=request.user, committee=committee, **told.validated_data),
                SeatRow,
                201,
            ),
        )


class SeatDoor(ListDoor):
    """Who sits where."""

    queryset = Seat.objects.all()
    row = SeatRow
    orderings: ClassVar[dict[str, str]] = {"valid_from": "valid_from"}
    filterset_fields = ("committee", "user", "post", "name")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "endings": Capability.MANAGE_COMMITTEES,
    }

    def visible(self) -> QuerySet[Seat]:
        """The seats of the committees within the caller's reach."""
        return queries.visible_seats(self.request.user)

    @extend_schema(request=LastDay, responses={201: SeatRow})
    def endings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The seat ends on the day; ballots that were frozen before keep it."""
        told = LastDay(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        ended = services.vacate_seat(actor=request.user, seat_id=row.pk, **told.validated_data)
        return present(ended, SeatRow, 201)


class ResolutionRow(serializers.ModelSerializer[Resolution]):
    """A numbered resolution."""

    class Meta:
        model = Resolution
        fields = (
            "id", "body_code", "year", "number", "subject_id", "outcome", "text_zh", "text_en",
            "passed_at", "row_version",
        )  # fmt: skip


class ResolutionDoor(ListDoor):
    """决议."""

    queryset = Resolution.objects.all()
    row = ResolutionRow
    orderings: ClassVar[dict[str, str]] = {"passed_at": "passed_at"}
    default_ordering = "-passed_at"
    filterset_fields = ("body_code", "year", "number", "subject_id", "outcome")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[Resolution]:
        """The resolutions of the committees within the caller's reach."""
        return queries.visible_resolutions(self.request.user)
