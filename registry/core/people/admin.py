"""Lists of people, entities, posts, roles and tokens."""

from __future__ import annotations

from django.contrib import admin

from registry.core.adminkit import GovernedAdmin
from registry.core.people import queries
from registry.core.people.models import Department, LegalEntity, Post, RoleAssignment, Token, User


@admin.register(User)
class UserAdmin(GovernedAdmin):
    """People and machine accounts."""

    visible = staticmethod(queries.visible_users)
    list_display = ("username", "name", "kind", "is_active", "is_vendor_staff")
    list_filter = ("kind", "is_active")
    search_fields = ("username", "name")
    ordering = ("username",)


@admin.register(LegalEntity)
class LegalEntityAdmin(GovernedAdmin):
    """The institution's tree."""

    visible = staticmethod(queries.visible_entities)
    list_display = ("code", "name_zh", "name_en", "parent")
    list_select_related = ("parent",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("path",)


@admin.register(Department)
class DepartmentAdmin(GovernedAdmin):
    """Departments."""

    visible = staticmethod(queries.visible_departments)
    list_display = ("code", "name_zh", "name_en", "entity")
    list_select_related = ("entity",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code",)


@admin.register(Post)
class PostAdmin(GovernedAdmin):
    """Posts."""

    visible = staticmethod(queries.visible_posts)
    list_display = ("code", "title_zh", "title_en", "department")
    list_select_related = ("department",)
    search_fields = ("code", "title_zh", "title_en")
    ordering = ("code",)


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(GovernedAdmin):
    """Who holds which role, from when to when."""

    visible = staticmethod(queries.visible_roles)
    list_display = ("user", "role", "entity", "valid_from", "valid_to")
    list_filter = ("role",)
    list_select_related = ("user", "entity")
    search_fields = ("user__name", "user__username", "role")
    ordering = ("user__username",)


@admin.register(Token)
class TokenAdmin(GovernedAdmin):
    """One's own tokens; administrators also see those of machine accounts."""

    visible = staticmethod(queries.visible_tokens)
    list_display = ("name", "user", "scopes", "expires_at", "revoked_at")
    list_select_related = ("user",)
    ordering = ("-expires_at",)
