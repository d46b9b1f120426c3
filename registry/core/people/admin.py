"""Lists of people, entities, posts, roles and tokens."""

from __future__ import annotations

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from registry.core.adminkit import GovernedAdmin, linked, named, named_column
from registry.core.people import queries
from registry.core.people.models import Department, LegalEntity, Post, RoleAssignment, Token, User
from registry.core.people.rules import Capability

# What each capability lets somebody do, in words: tokens carry them as scopes.
CAPABILITIES: dict[Capability, Promise] = {
    Capability.READ: _("reading"),
    Capability.REGISTER: _("registration of models and uses"),
    Capability.REGISTER_VERSION: _("registration of versions"),
    Capability.REPORT_DEPLOYMENT: _("reports of deployments"),
    Capability.HAND_IN_EVIDENCE: _("documents"),
    Capability.CLASSIFY: _("classification and grading"),
    Capability.CONFIRM_GRADE: _("confirmation of grades"),
    Capability.OVERRIDE_GRADE: _("tiers by hand, signatures of validations"),
    Capability.VALIDATE: _("validations"),
    Capability.RESPOND_TO_VALIDATION: _("answers to validations"),
    Capability.RAISE_FINDING: _("findings"),
    Capability.REVIEW: _("reviews carried out"),
    Capability.SIGN_REVIEW: _("signatures of reviews"),
    Capability.PLAN_REVIEW: _("calls for reviews and their assignment"),
    Capability.REQUEST_APPROVAL: _("requests for approval"),
    Capability.MANAGE_APPROVAL: _("conduct of approvals"),
    Capability.VOTE: _("votes"),
    Capability.CONFIRM_REQUIREMENT: _("confirmation of requirements and exemptions"),
    Capability.WAIVE: _("waivers"),
    Capability.PROMOTE: _("moves of releases"),
    Capability.STOP: _("emergency stop"),
    Capability.RESTRICT: _("restrictions of use"),
    Capability.RESUME: _("lifting of orders"),
    Capability.ACKNOWLEDGE_STOP: _("acknowledgement of orders"),
    Capability.ASK_PERMIT: _("ask for deployment permits"),
    Capability.REVOKE_PERMIT: _("revoke deployment permits"),
    Capability.ASK_BREAK_GLASS: _("ask for break-glass permits"),
    Capability.GIVE_BREAK_GLASS: _("give break-glass permits"),
    Capability.RATIFY: _("ratification of resumptions"),
    Capability.REPORT_DRILL: _("drill reports"),
    Capability.COUNTERSIGN_DRILL: _("countersigning of drill reports"),
    Capability.MANAGE_PEOPLE: _("people and roles"),
    Capability.MANAGE_COMMITTEES: _("committees"),
    Capability.MANAGE_POLICY: _("policy"),
    Capability.PLAN_CHECKPOINTS: _("intervention plans"),
    Capability.ACTIVATE_CHECKPOINTS: _("putting intervention plans in force"),
    Capability.RECORD_COMPETENCE: _("competence of reviewers"),
    Capability.DECIDE_CASES: _("cases"),
    Capability.POST_DECISIONS: _("decisions of models"),
    Capability.REPORT_METRICS: _("reports of metrics"),
    Capability.SET_LIMITS: _("metrics and their limits"),
    Capability.ANSWER_BREACH: _("answers to breaches"),
    Capability.KEEP_CLOCKS: _("legal clocks"),
    Capability.MANAGE_CHANNELS: _("channels outside"),
    Capability.MANAGE_SOURCES: _("open, renew and close sources that are looked at"),
    Capability.SCAN_SOURCES: _("have a source looked at now"),
    Capability.ANSWER_SIGHTINGS: _("answer differences found in other systems"),
    Capability.READ_TRAIL: _("audit trail"),
    Capability.EXPORT_LEDGER: _("export of the ledger"),
}


def scopes_in_words(scopes: list[str]) -> str:
    """A token's scopes, as people say them."""
    known = {one.value: label for one, label in CAPABILITIES.items()}
    return gettext(", ").join(str(known.get(scope, scope)) for scope in scopes)


@admin.register(User)
class UserAdmin(GovernedAdmin):
    """People and machine accounts."""

    visible = staticmethod(queries.visible_users)
    list_display = ("username", "name_link", "kind", "is_active", "is_vendor_staff")
    list_filter = ("kind", "is_active")
    search_fields = ("username", "name")
    ordering = ("username",)

    @admin.display(description=_("name"), ordering="name")
    def name_link(self, row: User) -> SafeString:
        """Leads to the person's page."""
        return linked(row, row.name)


@admin.register(LegalEntity)
class LegalEntityAdmin(GovernedAdmin):
    """The institution's tree."""

    visible = staticmethod(queries.visible_entities)
    list_display = ("code", "name", named_column("parent", _("parent")))
    list_select_related = ("parent",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("path",)

    @admin.display(description=_("name"), ordering="name_zh")
    def name(self, row: LegalEntity) -> str:
        """In the language of the page."""
        return named(row)


@admin.register(Department)
class DepartmentAdmin(GovernedAdmin):
    """Departments."""

    visible = staticmethod(queries.visible_departments)
    list_display = ("code", "name", named_column("entity", _("legal entity")))
    list_select_related = ("entity",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code",)

    @admin.display(description=_("name"), ordering="name_zh")
    def name(self, row: Department) -> str:
        """In the language of the page."""
        return named(row)


@admin.register(Post)
class PostAdmin(GovernedAdmin):
    """Posts."""

    visible = staticmethod(queries.visible_posts)
    list_display = ("code", "title", named_column("department", _("department")))
    list_select_related = ("department",)
    search_fields = ("code", "title_zh", "title_en")
    ordering = ("code",)

    @admin.display(description=_("title"), ordering="title_zh")
    def title(self, row: Post) -> str:
        """In the language of the page."""
        is_chinese = (get_language() or "").startswith("zh")
        return row.title_zh if is_chinese or not row.title_en else row.title_en


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(GovernedAdmin):
    """Who holds which role, from when to when."""

    visible = staticmethod(queries.visible_roles)
    list_display = (
        "person", "role", named_column("entity", _("legal entity")), "valid_from", "valid_to",
    )  # fmt: skip
    list_filter = ("role",)
    list_select_related = ("user", "entity")
    search_fields = ("user__name", "user__username", "role")
    ordering = ("user__username",)

    @admin.display(description=_("person"), ordering="user__name")
    def person(self, row: RoleAssignment) -> SafeString:
        """Leads to the person's page."""
        return linked(row.user, row.user.name)


@admin.register(Token)
class TokenAdmin(GovernedAdmin):
    """One's own tokens; administrators also see those of machine accounts."""

    visible = staticmethod(queries.visible_tokens)
    list_display = ("name", "person", "scopes_shown", "expires_at", "revoked_at")
    list_select_related = ("user",)
    ordering = ("-expires_at",)

    @admin.display(description=_("person"), ordering="user__name")
    def person(self, row: Token) -> SafeString:
        """Leads to the page of whoever uses it."""
        return linked(row.user, row.user.name)

    @admin.display(description=_("scopes"))
    def scopes_shown(self, row: Token) -> str:
        """In words."""
        return scopes_in_words(row.scopes)
