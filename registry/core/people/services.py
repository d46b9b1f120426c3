"""People's verbs: found the institution, enrol, assign, delegate, give and end tokens, prove."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.people import queries
from registry.core.people.models import (
    SYSTEM_ID,
    Delegation,
    Department,
    FailedProof,
    LegalEntity,
    Post,
    PostHolding,
    RoleAssignment,
    StepUp,
    StepUpUse,
    Token,
    User,
    UserKind,
)
from registry.core.people.rules import Capability, Role

STEP_UP_MINUTES = 15
MOST_TOKEN_DAYS = 366
MOST_FAILED_PROOFS = 5


@dataclass(frozen=True)
class NewPerson:
    """What is needed to enrol somebody."""

    username: str
    name: str
    password: str
    email: str = ""
    language: str = ""


def found(
    *, policy_document: str, entity_code: str, entity_name: str, administrators: Sequence[NewPerson]
) -> LegalEntity:
    """The institution exists, by its policy document and two administrators; possible once.

    Raises Conflict (`already_founded`) where the ledger holds anything.
    """
    if len(administrators) != 2 or administrators[0].username == administrators[1].username:
        raise DomainError(
            "two_administrators", _("Founding names two administrators."), field="administrators"
        )
    if not policy_document.strip():
        raise DomainError(
            "policy_document", _("Name the policy document."), field="policy_document"
        )
    system = queries.system()
    system.password = "!"  # noqa: S105 (unusable on purpose)
    with ledger.act(system) as act:
        if ledger_queries.head()[0] or User.objects.filter(pk=SYSTEM_ID).exists():
            raise Conflict("already_founded", _("The institution has been founded already."))
        act.create(system, "founding.act", policy_document=policy_document)
        entity = LegalEntity(code=entity_code, name_zh=entity_name, path=f"{entity_code}/")
        act.create(entity, "entity.founded", policy_document=policy_document)
        for person in administrators:
            admin = _new_person(person)
            _checked_password(person.password, admin)
            act.create(admin, "person.enrolled", founding=True)
            act.create(_role(admin, Role.ADMINISTRATOR, entity), "role.assigned", founding=True)
    return entity


def enrol(*, actor: User, person: NewPerson, is_vendor_staff: bool = False) -> User:
    """The person has an account and can sign in."""
    user = _new_person(person)
    user.is_vendor_staff = is_vendor_staff
    _checked_password(person.password, user)
    with ledger.act(actor) as act:
        if User.objects.filter(username=person.username).exists():
            raise Conflict("username_taken", _("This user name is taken."), field="username")
        return act.create(user, "person.enrolled")


def enrol_machine(*, actor: User, username: str, name: str) -> User:
    """The machine account exists; it has no password and acts by token only."""
    machine = User(username=username, name=name, kind=UserKind.MACHINE, password="!")  # noqa: S106 (none)
    with ledger.act(actor) as act:
        if User.objects.filter(username=username).exists():
            raise Conflict("username_taken", _("This user name is taken."), field="username")
        return act.create(machine, "machine.enrolled")


def set_password(*, actor: User, user_id: uuid.UUID, password: str) -> User:
    """The person's password is this one."""
    with ledger.act(actor) as act:
        user = ledger.lock(User.objects.all(), user_id)
        _checked_password(password, user)
        return act.update(user, "person.password_set", {"password": make_password(password)})


def set_preferences(*, actor: User, language: str, time_zone: str) -> User:
    """The person reads Mingce in this language and time zone."""
    with ledger.act(actor) as act:
        user = ledger.lock(User.objects.all(), actor.pk)
        changes = {"language": language, "time_zone": time_zone}
        return act.update(user, "person.preferences_set", changes)


def deactivate(*, actor: User, user_id: uuid.UUID, reason: str) -> User:
    """The person can no longer sign in; roles end today."""
    with ledger.act(actor) as act:
        user = ledger.lock(User.objects.all(), user_id)
        if not user.is_active:
            raise Conflict("already_inactive", _("This account is inactive already."))
        for role in (
            RoleAssignment.objects.select_for_update()
            .filter(queries.on_duty(), user=user)
            .order_by("pk")
        ):
            ended = max(role.valid_from, clock.today() - dt.timedelta(days=1))
            act.update(role, "role.ended", {"valid_to": ended}, reason=reason)
        return act.update(user, "person.deactivated", {"is_active": False}, reason=reason)


def open_entity(
    *, actor: User, code: str, name_zh: str, name_en: str, parent: LegalEntity
) -> LegalEntity:
    """The branch or subsidiary exists below its parent."""
    entity = LegalEntity(
        code=code, name_zh=name_zh, name_en=name_en, parent=parent, path=f"{parent.path}{code}/"
    )
    with ledger.act(actor) as act:
        if LegalEntity.objects.filter(code=code).exists():
            raise Conflict("code_taken", _("This code is taken."), field="code")
        return act.create(entity, "entity.opened")


def open_department(
    *,
    actor: User,
    code: str,
    name_zh: str,
    name_en: str,
    entity: LegalEntity,
    parent: Department | None = None,
) -> Department:
    """The department exists."""
    department = Department(
        code=code, name_zh=name_zh, name_en=name_en, entity=entity, parent=parent
    )
    with ledger.act(actor) as act:
        if Department.objects.filter(code=code).exists():
            raise Conflict("code_taken", _("This code is taken."), field="code")
        return act.create(department, "department.opened")


def create_post(
    *, actor: User, code: str, title_zh: str, title_en: str, department: Department
) -> Post:
    """The post exists; nobody holds it yet."""
    post = Post(code=code, title_zh=title_zh, title_en=title_en, department=department)
    with ledger.act(actor) as act:
        return act.create(post, "post.created")


def hold_post(
    *, actor: User, post: Post, user: User, valid_from: dt.date, valid_to: dt.date | None = None
) -> PostHolding:
    """The person holds the post between the dates."""
    holding = PostHolding(post=post, user=user, valid_from=valid_from, valid_to=valid_to)
    with ledger.act(actor) as act:
        return act.create(holding, "post.held")


def assign_role(
    *,
    actor: User,
    user: User,
    role: Role,
    entity: LegalEntity,
    department: Department | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleAssignment:
    """The person has the role from the date on. Nobody assigns a role to themselves.

    Vendor staff hold no approver, validator or owner role (SoD, regulations II.3.3).
    """
    if actor.pk == user.pk:
        raise Forbidden("own_role", _("Nobody assigns a role to themselves."), field="user")
    if user.is_vendor_staff and role is not Role.DEVELOPER:
        raise Forbidden("vendor_staff", _("Vendor staff can be developers only."), field="role")
    if user.kind == UserKind.MACHINE and role is not Role.PIPELINE:
        raise Forbidden("machine_role", _("A machine account is a pipeline only."), field="role")
    row = _role(user, role, entity, department, valid_from, valid_to)
    with ledger.act(actor) as act:
        return act.create(row, "role.assigned")


def end_role(*, actor: User, assignment_id: uuid.UUID, valid_to: dt.date) -> RoleAssignment:
    """The role ends on the date."""
    with ledger.act(actor) as act:
        row = ledger.lock(RoleAssignment.objects.all(), assignment_id)
        return act.update(row, "role.ended", {"valid_to": valid_to})


def delegate(
    *,
    actor: User,
    to: User,
    valid_from: dt.date,
    valid_to: dt.date,
    reason: str,
    body_code: str = "",
) -> Delegation:
    """Between the dates `to` may decide for the actor; the conflicts of both count."""
    if to.kind != UserKind.PERSON or not to.is_active or to.is_vendor_staff:
        raise DomainError(
            "delegate_unfit", _("Only active persons of the institution can stand in."), field="to"
        )
    row = Delegation(
        principal=actor,
        delegate=to,
        body_code=body_code,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
    )
    with ledger.act(actor) as act:
        return act.create(row, "delegation.given")


def revoke_delegation(*, actor: User, delegation_id: uuid.UUID) -> Delegation:
    """The principal has taken the delegation back."""
    with ledger.act(actor) as act:
        row = ledger.lock(Delegation.objects.all(), delegation_id)
        if row.principal_id != actor.pk:
            raise Forbidden("not_yours", _("Only its giver takes a delegation back."))
        if row.revoked_at:
            raise Conflict("already_revoked", _("This delegation has been revoked already."))
        return act.update(row, "delegation.revoked", {"revoked_at": clock.now()})


def issue_token(
    *,
    actor: User,
    user: User,
    name: str,
    scopes: Sequence[str],
    expires_at: dt.datetime,
) -> tuple[Token, str]:
    """The token exists; the secret is returned this once and kept only as a digest.

    A person issues tokens for themselves; an administrator for machine accounts.
    """
    _checked_token(actor, user, scopes, expires_at)
    secret = f"mc_{secrets.token_urlsafe(32)}"
    row = Token(
        user=user,
        name=name,
        secret_digest=queries.token_digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    with ledger.act(actor) as act:
        return act.create(row, "token.issued"), secret


def revoke_token(*, actor: User, token_id: uuid.UUID) -> Token:
    """The token opens nothing any more."""
    with ledger.act(actor) as act:
        row = ledger.lock(Token.objects.all(), token_id)
        if row.revoked_at:
            raise Conflict("already_revoked", _("This token has been revoked already."))
        return act.update(row, "token.revoked", {"revoked_at": clock.now()})


def proves(*, user: User, password: str, door: str) -> bool:
    """Whether the password is the person's. Raises DomainError (429) after five wrong ones.

    Five wrong passwords within fifteen minutes close the door (the login, or the step-up) until
    the oldest is fifteen minutes old. A stranger who knocks at the login closes no vote.
    """
    since = clock.now() - dt.timedelta(minutes=STEP_UP_MINUTES)
    failures = FailedProof.objects.filter(user=user, door=door, failed_at__gte=since)
    if failures.count() >= MOST_FAILED_PROOFS:
        raise DomainError(
            "too_many_attempts",
            _("Too many wrong passwords; try again in a quarter of an hour."),
            field="password",
            status=429,
        )
    if user.kind == UserKind.PERSON and user.is_active and user.check_password(password):
        return True
    FailedProof.objects.create(user=user, door=door, failed_at=clock.now())
    return False


def step_up(*, user: User, password: str, subjects: Sequence[str]) -> StepUp:
    """The person has proved again who they are, for the listed papers, for fifteen minutes.

    Raises Forbidden (`step_up_failed`) on a wrong password, and for machines.
    """
    if not proves(user=user, password=password, door="step_up"):
        raise Forbidden(
            "step_up_failed", _("The password is not right; nothing was decided."), field="password"
        )
    now = clock.now()
    return StepUp.objects.create(
        user=user,
        subjects=sorted(set(subjects)),
        proved_at=now,
        expires_at=now + dt.timedelta(minutes=STEP_UP_MINUTES),
    )


def spend_step_up(*, user: User, step_up_id: uuid.UUID | None, subject: str) -> StepUpUse:
    """The proof is spent on this paper. Raises Forbidden where it does not cover it (any more)."""
    proof = StepUp.objects.filter(pk=step_up_id, user=user).first() if step_up_id else None
    spent = proof is not None and proof.uses.filter(subject=subject).exists()
    covers = proof is not None and subject in proof.subjects and proof.expires_at > clock.now()
    if proof is None or spent or not covers:
        raise Forbidden(
            "step_up_needed",
            _("Prove again who you are: enter your password for these papers."),
            field="step_up",
            hint=_("POST your password to /api/v1/step-ups/ with the papers' digests."),
        )
    return StepUpUse.objects.create(step_up=proof, subject=subject, used_at=clock.now())


def _new_person(person: NewPerson) -> User:
    return User(
        username=person.username,
        name=person.name,
        email=person.email,
        language=person.language,
        password=make_password(person.password),
    )


def _role(
    user: User,
    role: Role,
    entity: LegalEntity,
    department: Department | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleAssignment:
    return RoleAssignment(
        user=user,
        role=role.value,
        entity=entity,
        department=department,
        valid_from=valid_from or clock.today(),
        valid_to=valid_to,
    )


def _checked_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise DomainError("weak_password", " ".join(error.messages), field="password") from error


def _checked_token(actor: User, user: User, scopes: Sequence[str], expires_at: dt.datetime) -> None:
    if actor.kind != UserKind.PERSON or user.kind != UserKind.MACHINE and user.pk != actor.pk:
        raise Forbidden("not_your_token", _("A token is issued by its own person."), field="user")
    unknown = sorted(set(scopes) - {capability.value for capability in Capability})
    if unknown or not scopes:
        raise DomainError(
            "unknown_scope",
            _("Unknown or missing scopes: %(scopes)s.") % {"scopes": ", ".join(unknown) or "–"},
            field="scopes",
        )
    held = queries.standing(actor).scopes
    if held is not None and not set(scopes) <= held:
        raise Forbidden(
            "wider_scope", _("A token does not beget one with wider scopes."), field="scopes"
        )
    now = clock.now()
    if not now < expires_at <= now + dt.timedelta(days=MOST_TOKEN_DAYS):
        raise DomainError(
            "token_lifetime", _("A token lives at most 366 days."), field="expires_at"
        )
