"""People and machines, the tree they work in, what they may do and until when."""

from __future__ import annotations

import secrets
import uuid
from typing import ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import Guard, append_only, guarded, only_shortens
from registry.core.ledger.models import Governed
from registry.core.people.rules import Role

SYSTEM_ID = uuid.UUID(int=1)
ROLE_LABELS = {
    Role.OWNER: _("model owner"),
    Role.DEVELOPER: _("developer"),
    Role.DEPARTMENT_HEAD: _("department head"),
    Role.BUSINESS_EXECUTIVE: _("business executive"),
    Role.IT_OPERATIONS: _("IT operations"),
    Role.DUTY_OFFICER: _("duty officer"),
    Role.LINE_RISK_OFFICER: _("line risk officer"),
    Role.MODEL_RISK: _("model risk management"),
    Role.MODEL_RISK_HEAD: _("head of model risk"),
    Role.VALIDATOR: _("independent validator"),
    Role.COMPLIANCE: _("compliance"),
    Role.DATA_SECURITY: _("data security"),
    Role.INFORMATION_SECURITY: _("information security"),
    Role.CONSUMER_PROTECTION: _("consumer protection"),
    Role.CRO: _("chief risk officer"),
    Role.SECRETARY: _("committee secretary"),
    Role.AUDIT: _("internal audit"),
    Role.SUPERVISOR: _("supervisor of the regulator"),
    Role.ADMINISTRATOR: _("administrator"),
    Role.PIPELINE: _("pipeline"),
    Role.REVIEWER: _("run-time reviewer"),
    Role.GATEWAY: _("decision gateway"),
}


def new_salt() -> str:
    """Salts the person's digests in the ledger; erased when the person asks for erasure."""
    return secrets.token_hex(16)


class UserKind(models.TextChoices):
    """Only persons decide."""

    PERSON = "person", _("person")
    MACHINE = "machine", _("machine account")
    SYSTEM = "system", _("the system itself")


class User(AbstractBaseUser, Governed):
    """A person or a machine account; the id is the opaque key that entries name."""

    last_login = None
    username = models.CharField(_("user name"), max_length=150, unique=True)
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("e-mail"), blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=UserKind, default=UserKind.PERSON)
    is_active = models.BooleanField(_("active"), default=True)
    is_superuser = models.BooleanField(_("technical administrator"), default=False)
    is_vendor_staff = models.BooleanField(_("vendor staff"), default=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    reports_to = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("reports to"),
    )
    salt = models.CharField(max_length=32, default=new_salt, editable=False)

    objects = BaseUserManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    personal_fields = ("username", "name", "email", "password", "salt")

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        triggers = guarded("registry.user", immutable=("kind",))
        constraints = (
            models.CheckConstraint(
                name="machines_are_never_superusers",
                condition=Q(kind="person") | Q(is_superuser=False),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        """The name, as the theme's menu shows it."""
        return self.name

    @property
    def is_staff(self) -> bool:
        """Every person works in the admin; machines do not."""
        return self.kind == UserKind.PERSON

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's permissions are not used: capabilities are (people.rules)."""
        return bool(self.is_active and self.is_staff)

    def has_module_perms(self, app_label: str) -> bool:
        """See has_perm."""
        return bool(self.is_active and self.is_staff)

    def check_password(self, raw_password: str | None) -> bool:
        """Without Django's silent re-hash: a password changes only through a service."""
        return check_password(raw_password, self.password)


class LegalEntity(Governed):
    """A bank, insurer, branch or subsidiary; `path` lists the codes from the root: HO/SH/."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, verbose_name=_("parent")
    )
    path = models.CharField(max_length=400, unique=True)

    class Meta:
        verbose_name = _("legal entity")
        verbose_name_plural = _("legal entities")
        ordering = ("path",)
        triggers = guarded("registry.legalentity", immutable=("code",))
        constraints = (
            models.CheckConstraint(
                name="entity_code_is_plain", condition=Q(code__regex=r"^[A-Z0-9_-]+$")
            ),
        )
        indexes = (
            models.Index(fields=["path"], name="entity_by_path", opclasses=["varchar_pattern_ops"]),
        )

    def __str__(self) -> str:
        return self.name_zh


class Department(Governed):
    """A department of an entity, in a tree of its own."""

    code = models.CharField(_("code"), max_length=30, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, verbose_name=_("parent")
    )

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ("code",)
        triggers = guarded("registry.department", immutable=("code",))

    def __str__(self) -> str:
        return self.name_zh


class Post(Governed):
    """An office that somebody holds: seats and duties can follow the post, not the person."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    title_zh = models.CharField(_("title (Chinese)"), max_length=100)
    title_en = models.CharField(_("title (English)"), max_length=100, blank=True)
    department = models.ForeignKey(Department, models.PROTECT, verbose_name=_("department"))

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ("code",)
        triggers = guarded("registry.post", immutable=("code",))

    def __str__(self) -> str:
        return self.title_zh


def _days(start: str, end: str) -> Func:
    """The dates as a range that includes both ends."""
    return Func(
        F(start), F(end), models.Value("[]"), function="daterange", output_field=DateRangeField()
    )


class PostHolding(Governed):
    """Who holds a post, from when to when; one person at a time."""

    post = models.ForeignKey(Post, models.PROTECT, related_name="holdings")
    user = models.ForeignKey(User, models.PROTECT, related_name="holdings")
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("holding of a post")
        verbose_name_plural = _("holdings of posts")
        triggers = (
            *guarded("registry.postholding", immutable=("post_id", "user_id")),
            only_shortens(),
        )
        constraints = (
            ExclusionConstraint(
                name="a_post_has_one_holder_at_a_time",
                expressions=[
                    ("post", RangeOperators.EQUAL),
                    (_days("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return f"{self.post_id} {self.user_id}"


class RoleAssignment(Governed):
    """A role within an entity and everything below it, with dates."""

    user = models.ForeignKey(User, models.PROTECT, related_name="role_assignments")
    role = models.CharField(
        _("role"), max_length=40, choices=[(r.value, ROLE_LABELS[r]) for r in Role]
    )
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, verbose_name=_("department")
    )
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        triggers = (
            *guarded(
                "registry.roleassignment",
                immutable=("user_id", "role", "entity_id", "department_id"),
            ),
            only_shortens(),
        )
        indexes = (models.Index(fields=["user", "role"], name="role_by_user"),)
        constraints = (
            models.CheckConstraint(
                name="a_role_ends_after_it_begins",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.role} {self.user_id}"


class Delegation(Governed):
    """委托: one person decides for another between two dates; it can't be passed on.

    It holds once the delegate has accepted it: standing in for somebody bars as well as permits.
    """

    principal = models.ForeignKey(User, models.PROTECT, related_name="delegations_given")
    delegate = models.ForeignKey(User, models.PROTECT, related_name="delegations_held")
    body_code = models.CharField(_("committee"), max_length=40, blank=True)
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"))
    reason = models.CharField(_("reason"), max_length=500)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        triggers = guarded(
            "registry.delegation", immutable=("principal_id", "delegate_id", "body_code")
        )
        constraints = (
            models.CheckConstraint(
                name="nobody_delegates_to_themselves", condition=~Q(principal=F("delegate"))
            ),
            models.CheckConstraint(
                name="a_delegation_ends_after_it_begins",
                condition=Q(valid_to__gte=F("valid_from")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.principal_id} → {self.delegate_id}"


class Token(Governed):
    """A bearer token: shown once, kept as a digest, with scopes, an end and a revocation."""

    user = models.ForeignKey(User, models.PROTECT, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    secret_digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        triggers = guarded(
            "registry.token", immutable=("user_id", "secret_digest", "scopes", "expires_at")
        )

    def __str__(self) -> str:
        return self.name


class FailedProof(models.Model):
    """A wrong password, at the login or at a step-up; too many close that door for a while."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    door = models.CharField(max_length=10)
    failed_at = models.DateTimeField()

    class Meta:
        verbose_name = "failed proof"
        verbose_name_plural = "failed proofs"
        indexes = (
            models.Index(fields=["user", "door", "failed_at"], name="failed_proofs_by_user"),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return str(self.user_id)


class StepUp(models.Model):
    """二次认证: the person proved again who they are, for the listed papers, for 15 minutes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    subjects = ArrayField(models.CharField(max_length=64))
    proved_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "step-up"
        verbose_name_plural = "step-ups"
        triggers = append_only()

    def __str__(self) -> str:
        return str(self.id)


class StepUpUse(models.Model):
    """A step-up is spent once per paper."""

    step_up = models.ForeignKey(StepUp, models.PROTECT, related_name="uses")
    subject = models.CharField(max_length=64)
    used_at = models.DateTimeField()

    class Meta:
        verbose_name = "use of a step-up"
        verbose_name_plural = "uses of step-ups"
        constraints = (
            models.UniqueConstraint(
                name="a_step_up_is_spent_once_per_paper", fields=["step_up", "subject"]
            ),
        )
        triggers = (
            *append_only(),
            Guard(
                name="step_up_covers",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                runs="mingce_step_up_covers()",
            ),
        )

    def __str__(self) -> str:
        return self.subject
