"""REST: entities, departments, posts and who holds them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from registry.core.people import queries, services
from registry.core.people.models import (
    Department,
    LegalEntity,
    Post,
    PostHolding,
    User,
)
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present


class EntityRow(serializers.ModelSerializer[LegalEntity]):
    """A legal entity of the tree."""

    class Meta:
        model = LegalEntity
        fields = ("id", "code", "name_zh", "name_en", "parent", "path", "row_version")


class NewEntity(serializers.Serializer[Any]):
    """Open a branch or subsidiary."""

    code = serializers.RegexField(r"^[A-Z0-9_-]+$", max_length=20)
    name_zh = serializers.CharField(max_length=200)
    name_en = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    parent = serializers.PrimaryKeyRelatedField(  # type: ignore[assignment]  # a column
        queryset=LegalEntity.objects.all()
    )


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
        "create": Capability.MANAGE_PEOPLE,
    }

    def visible(self) -> QuerySet[LegalEntity]:
        """The tree is no secret inside the institution."""
        return queries.visible_entities(self.request.user)

    @extend_schema(request=NewEntity, responses={201: EntityRow})
    def create(self, request: CallerRequest) -> Response:
        """The branch or subsidiary exists below its parent."""
        told = NewEntity(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request,
            lambda: present(
                services.open_entity(actor=request.user, **told.validated_data), EntityRow, 201
            ),
        )


class DepartmentRow(serializers.ModelSerializer[Department]):
    """A department."""

    class Meta:
        model = Department
        fields = ("id", "code", "name_zh", "name_en", "entity", "parent", "row_version")


class NewDepartment(serializers.Serializer[Any]):
    """Open a department."""

    code = serializers.RegexField(r"^[A-Z0-9_-]+$", max_length=30)
    name_zh = serializers.CharField(max_length=200)
    name_en = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    entity = serializers.PrimaryKeyRelatedField(queryset=LegalEntity.objects.all())
    parent = serializers.PrimaryKeyRelatedField(  # type: ignore[assignment]  # a column
        queryset=Department.objects.all(), required=False, allow_null=True, default=None
    )


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
        "create": Capability.MANAGE_PEOPLE,
    }

    def visible(self) -> QuerySet[Department]:
        """The tree is no secret inside the institution."""
        return queries.visible_departments(self.request.user)

    @extend_schema(request=NewDepartment, responses={201: DepartmentRow})
    def create(self, request: CallerRequest) -> Response:
        """The department exists."""
        told = NewDepartment(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request,
            lambda: present(
                services.open_department(actor=request.user, **told.validated_data),
                DepartmentRow,
                201,
            ),
        )


class PostRow(serializers.ModelSerializer[Post]):
    """An office that somebody holds."""

    class Meta:
        model = Post
        fields = ("id", "code", "title_zh", "title_en", "department", "row_version")


class NewPost(serializers.Serializer[Any]):
    """Create a post."""

    code = serializers.RegexField(r"^[A-Za-z0-9_-]+$", max_length=40)
    title_zh = serializers.CharField(max_length=100)
    title_en = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    department = serializers.PrimaryKeyRelatedField(queryset=Department.objects.all())


class HoldingRow(serializers.ModelSerializer[PostHolding]):
    """Who holds a post, from when to when."""

    class Meta:
        model = PostHolding
        fields = ("id", "post", "user", "valid_from", "valid_to", "row_version")


class NewHolding(serializers.Serializer[Any]):
    """Give a post to somebody."""

    user = serializers.PrimaryKeyRelatedField(queryset=User.objects.all())
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(required=False, allow_null=True, default=None)


class LastDay(serializers.Serializer[Any]):
    """The last day."""

    valid_to = serializers.DateField()


class PostDoor(ListDoor):
    """岗位."""

    queryset = Post.objects.all()
    row = PostRow
    orderings: ClassVar[dict[str, str]] = {"code": "code"}
    default_ordering = "code"
    filterset_fields = ("code", "department")
    replayable = ("create", "holdings")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.MANAGE_PEOPLE,
        "holdings": Capability.MANAGE_PEOPLE,
    }

    def visible(self) -> QuerySet[Post]:
        """The posts are no secret inside the institution."""
        return queries.visible_posts(self.request.user)

    @extend_schema(request=NewPost, responses={201: PostRow})
    def create(self, request: CallerRequest) -> Response:
        """The post exists; nobody holds it yet."""
        told = NewPost(data=request.data)
        told.is_valid(raise_exception=True)
        return once(
            request,
            lambda: present(
                services.create_post(actor=request.user, **told.validated_data), PostRow, 201
            ),
        )

    @extend_schema(request=NewHolding, responses={201: HoldingRow})
    def holdings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The person holds the post between the dates."""
        told = NewHolding(data=request.data)
        told.is_valid(raise_exception=True)
        post = queries.get_or_refuse(self.get_queryset(), pk)
        return once(
            request,
            lambda: present(
                services.hold_post(actor=request.user, post=post, **told.validated_data),
                HoldingRow,
                201,
            ),
        )


class HoldingDoor(ListDoor):
    """Who holds which post, from when to when."""

    queryset = PostHolding.objects.all()
    row = HoldingRow
    orderings: ClassVar[dict[str, str]] = {"valid_from": "valid_from"}
    filterset_fields = ("post", "user")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "endings": Capability.MANAGE_PEOPLE,
    }

    def visible(self) -> QuerySet[PostHolding]:
        """Who is accountable for what is no secret inside the institution."""
        return queries.visible_holdings(self.request.user)

    @extend_schema(request=LastDay, responses={201: HoldingRow})
    def endings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The person holds the post until the day."""
        told = LastDay(data=request.data)
        told.is_valid(raise_exception=True)
        row = queries.get_or_refuse(self.get_queryset(), pk)
        ended = services.leave_post(actor=request.user, holding_id=row.pk, **told.validated_data)
        return present(ended, HoldingRow, 201)
